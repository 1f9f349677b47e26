"""The backbone of a pre-training checkpoint out, under the names of mmpretrain and mmpose, torchvision or timm."""

import json
import os
import re
from pathlib import Path
from typing import Any, Dict, Mapping, NamedTuple, Optional

import mmengine
import mmpretrain
import torch
from mmengine.config import Config

from ..datasets.transforms.face_crop import FaceCrop
from ..datasets.transforms.plain_faces import plain_pipeline
from ..files.file_hash import sha256
from ..files.whole_file import whole_file
from .checked_load import unwrapped_name
from .finite_weights import refuse_not_finite
from .official_release import OFFICIAL_PREPROCESSOR, OFFICIAL_SIZE, resnet_depth
from .pretrained_backbone import named_tensors
from .safe_loading.safe_load import safe_load
from .shipped_weights import find_checkpoint, refuse_overwriting
from .stored_config import checkpoint_config, sees_rgb, stored_crop, without_masking

EXPORT_LAYOUTS = ('mmpretrain', 'torchvision', 'timm')
OTHER_WORDS = dict(mmpose='mmpretrain')  # its models have a backbone under the same names
# What stands before the backbone's names in checkpoints of this package, of the official release and of mmpretrain's BYOL,
# MoCo v3 and DenseCL.
NETWORK_PREFIXES = dict(
    online=('backbone.', 'online_net.backbone.'),
    target=(
        'target.backbone.',
        'target_net.backbone.',
        'target_net.module.0.',
        'momentum_encoder.module.0.',
        'encoder_k.module.0.',
    ),
)
# The ResNet that torchvision and timm build: an argument with another value has no place there.
TORCHVISION_RESNET = dict(
    in_channels=3,
    stem_channels=64,
    base_channels=64,
    expansion=None,
    num_stages=4,
    strides=(1, 2, 2, 2),
    dilations=(1, 1, 1, 1),
    style='pytorch',
    deep_stem=False,
    avg_down=False,
    conv_cfg=None,
)


class Backbone(NamedTuple):
    """The tensors under the backbone's own names, and its config (None where the checkpoint carries none)."""

    tensors: Dict[str, torch.Tensor]
    config: Optional[dict]
    data_preprocessor: Optional[dict]


def export_backbone(checkpoint: str, out: str, layout: str = 'mmpretrain', network: str = 'online') -> dict:
    """Write the backbone alone: tensors and a small record of where they come from.

    Args:
        checkpoint: a training checkpoint of this package, an official one, one of mmpretrain's BYOL, or a folder that
            ``FRAFeatures.save_pretrained`` has written.
        out: file to write. ``.safetensors`` holds the tensors, and the record as its metadata; another ending makes a
            file of torch with ``state_dict`` and ``meta`` (the record).
        layout: 'mmpretrain' (or 'mmpose', which is the same), names ``backbone.*`` as in their models; 'torchvision' or
            'timm', the names of their ResNets, which have no classifier here. Defaults to 'mmpretrain'.
        network: 'online' or 'target', the momentum network. Defaults to 'online'.

    Returns:
        The record.

    Raises:
        FileNotFoundError: if there is no such checkpoint.
        ValueError: for another layout or network, a checkpoint that can't be read or has no such network, a backbone that
            torchvision and timm do not have, or if ``out`` is the checkpoint itself.
    """
    layout = OTHER_WORDS.get(layout, layout)
    if layout not in EXPORT_LAYOUTS:
        raise ValueError(f'the layout must be one of {", ".join(EXPORT_LAYOUTS)}, got {layout!r}')
    if network not in NETWORK_PREFIXES:
        raise ValueError(f'the network must be online or target, got {network!r}')
    refuse_overwriting(checkpoint, out)
    if os.path.isdir(os.path.expanduser(checkpoint)):
        from .pretrained.pretrained_folder import as_checkpoint  # which writes its tensors by this module

        content = as_checkpoint(checkpoint)
    else:
        content = safe_load(checkpoint)
    backbone = find_backbone(content, network, checkpoint)
    record = dict(origin(checkpoint), network=network, layout=layout, **run_of(content))
    tensors = backbone.tensors
    if layout in ('torchvision', 'timm'):
        _refuse_unlike_torchvision(backbone, layout)
    else:
        tensors = {f'backbone.{name}': tensor for name, tensor in tensors.items()}
        if backbone.config:
            crop = stored_crop(checkpoint_config(content, checkpoint) or {}) or FaceCrop(OFFICIAL_SIZE)
            record['cfg'] = _classifier_config(backbone, crop)
    write_weights(tensors, record, out)
    return record


def find_backbone(content: Any, network: str, source: str) -> Backbone:
    """The online or the target backbone in a loaded checkpoint.

    Raises:
        ValueError: if there is none.
    """
    state_dict = {unwrapped_name(name): tensor for name, tensor in named_tensors(content, source).items()}
    for prefix in NETWORK_PREFIXES[network]:
        tensors = {name[len(prefix) :]: tensor for name, tensor in state_dict.items() if name.startswith(prefix)}
        if tensors:
            break
    else:
        expected = ' or '.join(f'{prefix}*' for prefix in NETWORK_PREFIXES[network])
        raise ValueError(
            f'{source} has no {network} backbone: expected tensors called {expected}, '
            f'got {", ".join(list(state_dict)[:3])}'
        )
    if prefix in ('online_net.backbone.', 'target_net.backbone.'):
        return Backbone(tensors, dict(type='ResNet', depth=_depth(tensors)), OFFICIAL_PREPROCESSOR)
    config = checkpoint_config(content, source) or {}
    model = config.get('model') or {}
    backbone = model.get('backbone')
    return Backbone(
        tensors,
        backbone and _without_own_norm(without_masking(backbone)),
        model.get('data_preprocessor') or config.get('data_preprocessor'),
    )


def _without_own_norm(backbone: dict) -> dict:
    """Its config with torch's SyncBN instead of this package's, whose weights are the same."""
    norm_cfg = backbone.get('norm_cfg') or {}
    if norm_cfg.get('type') != 'NonBlockingSyncBN':
        return backbone
    return dict(backbone, norm_cfg=dict(norm_cfg, type='SyncBN'))


def origin(checkpoint: str) -> dict:
    """Name and hash of the file that weights are taken from, and the versions of the packages that take them."""
    checkpoint = find_checkpoint(checkpoint)
    return dict(
        source=os.path.basename(checkpoint),
        sha256=sha256(checkpoint),
        # str: torch's version is of a class of its own, which no safe reader takes.
        versions=dict(torch=str(torch.__version__), mmengine=mmengine.__version__, mmpretrain=mmpretrain.__version__),
    )


def write_weights(tensors: Mapping[str, torch.Tensor], meta: dict, out: str) -> None:
    """Write tensors and a record of plain values, whole or not at all; the ending of ``out`` tells the format.

    Raises:
        ValueError: if a value is not finite.
    """
    refuse_not_finite(tensors, str(meta.get('source', 'the model')))
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    with whole_file(out) as partial:
        if out.endswith('.safetensors'):
            try:
                from safetensors.torch import save
            except ImportError:
                raise ImportError(f'{out} needs safetensors: pip install safetensors') from None
            words = {name: value if isinstance(value, str) else json.dumps(value) for name, value in meta.items()}
            Path(partial).write_bytes(save(tensors, words))  # save_file's files are their owner's alone
        else:
            torch.save(dict(state_dict=tensors, meta=meta), partial)


def run_of(content: Any) -> Dict[str, Any]:
    """What a training checkpoint says about its run: the name of its config, epoch and iteration."""
    meta = content.get('meta') if isinstance(content, Mapping) else None
    meta = meta if isinstance(meta, Mapping) else {}
    run = {key: meta[key] for key in ('epoch', 'iter') if isinstance(meta.get(key), int)}
    if isinstance(meta.get('experiment_name'), str):
        run['config'] = re.sub(r'_\d{8}_\d{6}$', '', meta['experiment_name'])
    return run


def _classifier_config(backbone: Backbone, crop: FaceCrop) -> str:
    """Text of a config with which mmpretrain builds the backbone and prepares its images."""
    given = backbone.data_preprocessor or {}
    preprocessor = {key: given[key] for key in ('mean', 'std') if key in given}
    preprocessor['to_rgb'] = sees_rgb(given)
    return Config(
        dict(
            model=dict(type='ImageClassifier', backbone=backbone.config, data_preprocessor=preprocessor),
            # mmpretrain's inferencers ask for the type of the data set.
            test_dataloader=dict(dataset=dict(type='CustomDataset', pipeline=plain_pipeline(crop.size, crop))),
        )
    ).pretty_text


def _refuse_unlike_torchvision(backbone: Backbone, layout: str) -> None:
    """torchvision's and timm's ResNets have the same names, shapes and arithmetic as mmpretrain's."""
    from torchvision.models import resnet

    config = backbone.config or {}
    depth = config.get('depth')
    if config.get('type', 'ResNet') != 'ResNet':
        raise ValueError(
            f'{layout} takes a ResNet only, the checkpoint has a {config["type"]}: use --format mmpretrain'
        )
    for name, value in TORCHVISION_RESNET.items():
        given = config.get(name, value)
        given = tuple(given) if isinstance(given, list) else given
        if given != value:
            raise ValueError(
                f"the ResNet of {layout} has {name}={value}, the checkpoint's has {given}: use --format mmpretrain"
            )
    norm = config.get('norm_cfg', {}).get('type', 'BN')
    if norm not in ('BN', 'SyncBN'):
        raise ValueError(f"the ResNet of {layout} has BatchNorm, the checkpoint's has {norm}: use --format mmpretrain")
    try:
        depth = depth or _depth(backbone.tensors)
        with torch.device('meta'):
            model = getattr(resnet, f'resnet{depth}')()
    except (AttributeError, KeyError):
        raise ValueError(f'{layout} has no such ResNet (depth {depth}): use --format mmpretrain') from None
    wanted = {name: tensor.shape for name, tensor in model.state_dict().items() if not name.startswith('fc.')}
    given = {name: tensor.shape for name, tensor in backbone.tensors.items()}
    odd = sorted(name for name in set(wanted) | set(given) if wanted.get(name) != given.get(name))
    if odd:
        raise ValueError(
            f"{layout}'s ResNet-{depth} has {odd[0]} {_shape(wanted.get(odd[0]))}, "
            f'the checkpoint {_shape(given.get(odd[0]))}: use --format mmpretrain'
        )


def _depth(tensors: Mapping[str, torch.Tensor]) -> int:
    return resnet_depth([f'backbone.{name}' for name in tensors])


def _shape(shape: Optional[torch.Size]) -> str:
    return 'not at all' if shape is None else f'of shape {tuple(shape)}'
