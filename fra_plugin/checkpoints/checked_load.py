"""No loader of OpenMMLab goes on with weights that are not the model's, or not finite.

mmengine copies what has the same name and mentions the rest in its log. Importing this module puts the checks behind all of
its ways to load weights: ``load_from``, ``resume``, ``init_cfg=dict(type='Pretrained', ...)``, and ``get_model`` and
``init_model`` of mmpretrain and mmpose.
"""

import re
from typing import Any, Mapping

from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import checkpoint as mmengine_checkpoint
from torch import nn

from .finite_weights import finite_only

_load_state_dict = mmengine_checkpoint.load_state_dict


def load_state_dict(module: nn.Module, state_dict: Mapping[str, Any], strict: bool = False, logger: Any = None) -> None:
    """mmengine's function of this name, which also raises.

    Raises:
        ValueError: if no tensor of the module is in the state dict, or if one in it is not finite.
    """
    module = unwrapped(module)
    names = {name for name in module.state_dict() if not name.endswith('num_batches_tracked')}
    known = names | {re.sub(r'(^|\.)module\.', r'\1', name) for name in names}
    # A module may rename what it loads, so what it misses in the end decides.
    if names and not known.intersection(state_dict) and names <= set(module.load_state_dict(state_dict, False)[0]):
        raise ValueError(
            f'no tensor of the {type(module).__name__} is among the weights: they are called {_some(state_dict)}, '
            f"the model's {_some(names)}"
        )
    with finite_only(module, 'the checkpoint'):
        _load_state_dict(module, state_dict, strict, logger)


def unwrapped(module: nn.Module) -> nn.Module:
    """The model whose names a checkpoint has."""
    while is_model_wrapper(module) or isinstance(module, BaseTTAModel):
        module = module.module
    return module


def _some(names: Any) -> str:
    return ', '.join(sorted(map(str, names))[:3]) + (', ...' if len(names) > 3 else '')


mmengine_checkpoint.load_state_dict = load_state_dict
