"""No loader of OpenMMLab goes on with weights that are not the model's, or not finite.

mmengine copies what has the same name and mentions the rest in its log. Importing this module puts the checks behind all of
its ways to load weights: ``load_from``, ``resume``, ``init_cfg=dict(type='Pretrained', ...)``, and ``get_model`` and
``init_model`` of mmpretrain and mmpose.
"""

import re
from typing import Any, Iterable, Iterator, Mapping, Tuple

from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import checkpoint as mmengine_checkpoint
from torch import nn

from .finite_weights import finite_only

_load_state_dict = mmengine_checkpoint.load_state_dict


def load_state_dict(module: nn.Module, state_dict: Mapping[str, Any], strict: bool = False, logger: Any = None) -> None:
    """mmengine's function of this name, which also raises.

    Raises:
        ValueError: if no tensor of the module is in the state dict, if its backbone is deeper, or if a tensor is not finite.
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
    refuse_deeper_backbone(module, state_dict, 'the checkpoint')
    with finite_only(module, 'the checkpoint'):
        _load_state_dict(module, state_dict, strict, logger)


def unwrapped(module: nn.Module) -> nn.Module:
    """The model whose names a checkpoint has."""
    while is_model_wrapper(module) or isinstance(module, BaseTTAModel):
        module = module.module
    return module


def unwrapped_name(name: str) -> str:
    """A tensor's name without the ``module.`` that a wrapper puts before it."""
    return re.sub(r'^module\.', '', name)


def refuse_deeper_backbone(module: nn.Module, names: Iterable[str], source: str) -> None:
    """All that is loaded of a ResNet-34 fits a ResNet-18, which then computes something that nobody has trained.

    Raises:
        ValueError: if a row of numbered blocks in the module's ``backbone`` goes on in ``names``.
    """
    own = {place for name in module.state_dict() if name.startswith('backbone.') for place in _blocks(name)}
    if not own:
        return
    longer = sorted(
        {
            name
            for name in map(unwrapped_name, names)
            for row, number in _blocks(name)
            if name.startswith('backbone.') and (row, number) not in own and (row, '0') in own
        }
    )
    if longer:
        raise ValueError(
            f"{source} holds a deeper backbone than this {type(module).__name__}'s: {len(longer)} of its tensors have no "
            f'place in it, {longer[0]} first'
        )


def _blocks(name: str) -> Iterator[Tuple[str, str]]:
    """The rows that a tensor lies in, and its places in them: backbone.layer1.2.conv1 -> (backbone.layer1, 2)."""
    # An HRNet for landmarks has no use for some of the fuse layers that one for classes has.
    parts = name.partition('.fuse_layers.')[0].split('.')
    return (('.'.join(parts[:place]), part) for place, part in enumerate(parts) if part.isdigit())


def _some(names: Any) -> str:
    return ', '.join(sorted(map(str, names))[:3]) + (', ...' if len(names) > 3 else '')


mmengine_checkpoint.load_state_dict = load_state_dict
