"""A backbone that starts from pre-trained weights, or doesn't start.

mmengine's ``Pretrained`` loads what fits and mentions the rest in a warning, so a wrong prefix trains a network of
random weights. This initialisation fills the whole backbone or raises, and finds the backbone in the files of this
package and of others.
"""

from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

import torch
from mmengine.logging import print_log
from mmengine.model.weight_init import update_init_info
from mmengine.registry import WEIGHT_INITIALIZERS
from mmengine.runner import CheckpointLoader
from torch import nn

from .checked_load import unwrapped_name
from .finite_weights import finite_only

# Where known files keep the (online) backbone, in the order of preference; each may also start with "module.".
BACKBONE_PREFIXES = {
    'backbone.': "an OpenMMLab model, such as this package's",
    'online_net.backbone.': 'the official FRA release',
    'encoder_q.': 'MoCo',
    'base_encoder.': 'MoCo v3',
    'online_network.': 'BYOL',
    'online_network.encoder.': 'BYOL',
    'base_net.': 'Bulat et al., Pre-training strategies and datasets for facial representation learning',
    '': 'a plain backbone, as of torchvision, timm or export_backbone.py',
}


@WEIGHT_INITIALIZERS.register_module()
class PretrainedBackbone:
    """``init_cfg=dict(type='PretrainedBackbone', checkpoint='file.pth')`` of any backbone of OpenMMLab.

    Example:
        >>> dict(type='ResNet', depth=50, init_cfg=dict(type='PretrainedBackbone', checkpoint='epoch_50.pth'))

    Args:
        checkpoint: a training checkpoint or a weights file (``.safetensors`` too) on this machine, or an address as
            mmengine takes it (``https://...``, ``torchvision://resnet50``); only tensors are read.
        prefix: what stands in the file before the names of the backbone's tensors, such as 'target.backbone.' for the
            momentum network. Defaults to None: the first of ``BACKBONE_PREFIXES`` that fills the backbone.

    Raises:
        ValueError: when called, if a tensor of the backbone is missing, has another shape or is not finite, if the file's
            backbone is deeper, or if the file can't be read.
        FileNotFoundError: when called, if there is no such file.
    """

    def __init__(self, checkpoint: str, prefix: Optional[str] = None) -> None:
        if not checkpoint or not isinstance(checkpoint, str):
            raise ValueError(
                f'PretrainedBackbone needs the path of a checkpoint, got {checkpoint!r} '
                '(for random weights, set the init_cfg to None)'
            )
        self.checkpoint = checkpoint
        self.prefix = prefix

    def __call__(self, module: nn.Module) -> None:
        # This package's safe_load stands behind mmengine's loader.
        try:
            content = CheckpointLoader.load_checkpoint(self.checkpoint, map_location='cpu')
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f'{error}; name another with --cfg-options model.backbone.init_cfg.checkpoint=..., or take a config of a '
                'ResNet-18, which starts from the weights that come with the package'
            ) from None
        tensors = backbone_tensors(named_tensors(content, self.checkpoint), module, self.prefix, self.checkpoint)
        fill(module, tensors, self.checkpoint)
        # mmengine initialises the children after this, and some backbones zero a norm layer or redraw their position
        # embedding unless their init_cfg says "Pretrained": all of it would undo what was loaded.
        module.init_cfg = dict(type='Pretrained', checkpoint=self.checkpoint)
        for child in module.modules():
            if child is not module and hasattr(child, 'is_init'):
                child.is_init = True
        if hasattr(module, '_params_init_info'):
            update_init_info(module, init_info=f'{type(self).__name__}: loaded from {self.checkpoint}')


def fill(
    module: nn.Module, tensors: Mapping[str, torch.Tensor], source: str, strict: bool = False, whose: str = ''
) -> Tuple[List[str], List[str]]:
    """Load tensors into a module; mmengine alone would leave those of another shape as they are.

    Args:
        source: the file's name, for messages.
        strict: whether each name must be in both. Defaults to False.
        whose: what follows the module's name in messages. Defaults to ''.

    Returns:
        Names of the module's tensors that are missing, and names in ``tensors`` that the module does not have.

    Raises:
        ValueError: if a tensor has another shape or is not finite, or a name is missing where ``strict``.
    """
    try:
        with finite_only(module, source):
            missing, surplus = module.load_state_dict(tensors, strict)
    except RuntimeError as error:
        reasons = [line.strip() for line in str(error).splitlines()[1:]]
        raise ValueError(
            f'{source} does not fit the {type(module).__name__}{whose}: {"; ".join(reasons[:2])}'
            + (f' and {len(reasons) - 2} more' if len(reasons) > 2 else '')
        ) from None
    return missing, surplus


def named_tensors(content: Any, source: str) -> Dict[str, torch.Tensor]:
    """The tensors of a loaded file: a state dict, or a checkpoint that holds it under 'state_dict' or 'model'.

    Raises:
        ValueError: if there are none.
    """
    names = list(content) if isinstance(content, Mapping) else []
    for key in ('state_dict', 'model'):
        if key in names and isinstance(content[key], Mapping):
            content = content[key]
            break
    tensors = {}
    if isinstance(content, Mapping):
        tensors = {name: value for name, value in content.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise ValueError(
            f'{source}: expected named tensors, or a checkpoint with "state_dict" or "model", got '
            f'{type(content).__name__}' + (f' of {", ".join(map(str, names[:5]))}' if names else '')
        )
    return tensors


def backbone_tensors(
    state_dict: Mapping[str, torch.Tensor],
    module: nn.Module,
    prefix: Optional[str] = None,
    source: str = 'the state dict',
) -> Dict[str, torch.Tensor]:
    """The tensors of a state dict that are the module's, under the module's names.

    Args:
        state_dict: any model's.
        module: the backbone to fill.
        prefix: as in :class:`PretrainedBackbone`.
        source: the file's name, for messages.

    Raises:
        ValueError: if a tensor of the module is missing, or the state dict has more blocks than the module.
    """
    if hasattr(module, 'own_names'):  # a backbone of another library, with layouts of its own
        state_dict = module.own_names(state_dict)
    own = set(module.state_dict())
    # Old files have no counter of batches, and nothing depends on it.
    wanted = {key for key in own if not key.endswith('num_batches_tracked')}
    name = type(module).__name__
    if prefix is None:
        known = [module_prefix + layout for layout in BACKBONE_PREFIXES for module_prefix in ('', 'module.')]
        prefix = next((p for p in known if _filled(state_dict, wanted, p) == len(wanted)), None)
        if prefix is None:
            raise ValueError(
                f'{source} has no known place with all {len(wanted)} tensors of the {name}{_advice(state_dict, wanted)}'
            )
        print_log(
            f'{name}: {len(wanted)} tensors from {source}, prefix {prefix!r} '
            f'({BACKBONE_PREFIXES[unwrapped_name(prefix)]})',
            logger='current',
        )
    elif _filled(state_dict, wanted, prefix) < len(wanted):
        raise ValueError(
            f'{source} has {_filled(state_dict, wanted, prefix)} of the {len(wanted)} tensors of the '
            f'{name} under the prefix {prefix!r}{_advice(state_dict, wanted)}'
        )
    tensors = {key[len(prefix) :]: value for key, value in state_dict.items() if key.startswith(prefix)}
    parts = {key.split('.')[0] for key in own}
    surplus = [key for key in tensors if key not in own and key.split('.')[0] in parts]
    if surplus:
        raise ValueError(
            f'{source} holds another network than this {name}: {len(surplus)} of its tensors have no '
            f'place in it, such as {prefix}{surplus[0]}'
        )
    return {key: value for key, value in tensors.items() if key in own}


def _filled(state_dict: Mapping[str, torch.Tensor], wanted: Iterable[str], prefix: str) -> int:
    return sum(prefix + name in state_dict for name in wanted)


def _advice(state_dict: Mapping[str, torch.Tensor], wanted: Iterable[str]) -> str:
    """The prefixes that would fill the backbone, or the one that comes closest."""
    # Every prefix that stands before some tensor's name.
    name = min(wanted, key=lambda name: (-name.count('.'), name))
    prefixes = sorted(key[: -len(name)] for key in state_dict if key == name or key.endswith('.' + name))
    full: List[str] = [prefix for prefix in prefixes if _filled(state_dict, wanted, prefix) == len(set(wanted))]
    if full:
        return f'; prefix={" or ".join(map(repr, full))} would fill it'
    best = max(prefixes, key=lambda prefix: _filled(state_dict, wanted, prefix), default=None)
    if best is None:
        return f'; its tensors are called {", ".join(list(state_dict)[:3])}, ...'
    missing = sorted(name for name in wanted if best + name not in state_dict)
    return f'; {best!r} comes closest, without {len(missing)} of them, such as {best + missing[0]}'
