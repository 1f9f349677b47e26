"""Other people's checkpoints in: the official FRA release's tensors under this model's names.

Source of the official names: the released FRA code (class FRAB with mask type "attn").
"""

import re
from typing import Dict, Iterable, Mapping

import torch
from mmpretrain.registry import MODELS

from .checked_load import unwrapped_name

# How the official release prepares its images: RGB, resized to this many pixels.
OFFICIAL_PREPROCESSOR = dict(mean=[133.39, 103.12, 88.97], std=[64.67, 55.95, 52.79], to_rgb=True)
OFFICIAL_SIZE = 224

# The official model's parts; `encoder_q` repeats the online encoder and `center` is never used.
_OFFICIAL = re.compile(r'(online_net|target_net|predictor|predictor_obj)\.')
_REDUNDANT = re.compile(r'encoder_q\.|center$')

# Replacements, all applied in this order.
_RENAME = [
    (re.compile(old), new)
    for old, new in (
        (r'^online_net\.', ''),
        (r'^target_net\.', 'target.'),
        (r'^predictor\.', 'head.predictor.'),
        (r'^predictor_obj\.', 'head.region_predictor.'),
        (r'neck\.proj\.', 'neck.global_projector.'),
        (r'neck\.proj_pixel\.', 'neck.pixel_projector.'),
        (r'neck\.proj_obj\.', 'neck.region_projector.'),
        (r'\.mlp\.0\.', '.fc0.'),
        (r'\.mlp\.1\.', '.bn0.'),
        (r'\.mlp\.3\.', '.fc1.'),
        (r'neck\.proto$', 'neck.heatmap_head.prototype'),
        (r'neck\.proj_attn\.', 'neck.heatmap_head.'),
        (r'\.transformer\.decoder\.', '.'),
        (r'\.query_embed\.weight$', '.region_queries'),
        (r'\.self_attn\.', '.attentions.0.attn.'),
        (r'\.multihead_attn\.', '.attentions.1.attn.'),
        (r'\.linear1\.', '.ffns.0.layers.0.0.'),
        (r'\.linear2\.', '.ffns.0.layers.1.'),
        (r'(\.layers\.\d+)\.norm1\.', r'\1.norms.0.'),
        (r'(\.layers\.\d+)\.norm2\.', r'\1.norms.1.'),
        (r'(\.layers\.\d+)\.norm3\.', r'\1.norms.2.'),
        (r'\.mask_embed\.layers\.0\.', '.mask_embed.0.'),
        (r'\.mask_embed\.layers\.1\.', '.mask_embed.2.'),
        (r'\.mask_embed\.layers\.2\.', '.mask_embed.4.'),
    )
]

# Blocks of the four stages, whether they are bottlenecks -> depth of the ResNet.
_RESNET_DEPTHS = {
    ((2, 2, 2, 2), False): 18,
    ((3, 4, 6, 3), False): 34,
    ((3, 4, 6, 3), True): 50,
    ((3, 4, 23, 3), True): 101,
    ((3, 8, 36, 3), True): 152,
}


def official_to_plugin(state_dict: Mapping[str, torch.Tensor]) -> Dict[str, torch.Tensor]:
    """Rename an official FRA checkpoint's tensors, one to one, to those of :class:`fra_plugin.models.FRA`.

    Args:
        state_dict: all tensors of the official model (with a ResNet), with or without ``module.`` before each name.

    Returns:
        The same tensors under this model's names, which load with ``strict=True`` into a model of the same sizes; the
        projectors' 1x1 convolutions (out, in, 1) become matrices (out, in).

    Raises:
        KeyError: for a name that the official model does not have, or one that is missing.
        ValueError: for a tensor whose shape does not fit the others.
    """
    renamed, unknown = {}, []
    for key, tensor in state_dict.items():
        name = unwrapped_name(key)
        if _REDUNDANT.match(name):
            continue
        if not _OFFICIAL.match(name):
            unknown.append(key)
            continue
        for old, new in _RENAME:
            name = old.sub(new, name)
        renamed[name] = tensor.squeeze(-1) if re.search(r'\.fc[01]\.weight$', name) else tensor
    if unknown:
        raise KeyError(f'not part of an official FRA checkpoint: {_some(unknown)}')

    expected = MODELS.build(official_config(renamed)).state_dict()
    if set(renamed) - set(expected):
        raise KeyError(f'not part of an official FRA checkpoint: {_some(set(renamed) - set(expected))}')
    if set(expected) - set(renamed):
        raise KeyError(f'missing in the official checkpoint: {_some(set(expected) - set(renamed))}')
    for name, tensor in renamed.items():
        if tensor.shape != expected[name].shape:
            raise ValueError(
                f'{name} has the shape {tuple(tensor.shape)}, the other tensors make it {tuple(expected[name].shape)}'
            )
    return renamed


def official_config(tensors: Mapping[str, torch.Tensor]) -> dict:
    """Config of the model of the sizes that an official checkpoint's tensors tell, under this model's names.

    Raises:
        KeyError: if those that tell are missing, or the backbone is no ResNet-18 to -152.
    """
    for name in ('neck.heatmap_head.prototype', 'neck.global_projector.fc0.weight'):
        if name not in tensors:
            raise KeyError(f'missing in the official checkpoint: {name}')
    num_regions, embed_dims = tensors['neck.heatmap_head.prototype'].shape
    hid_channels, in_channels = tensors['neck.global_projector.fc0.weight'].shape
    layers = [int(n) for name in tensors for n in re.findall(r'^neck\.heatmap_head\.layers\.(\d+)\.', name)]
    return dict(
        type='FRA',
        backbone=dict(type='ResNet', depth=resnet_depth(tensors), zero_init_residual=False),
        neck=dict(
            type='FRANeck',
            in_channels=in_channels,
            hid_channels=hid_channels,
            out_channels=embed_dims,
            heatmap_head=dict(type='RegionHeatmapHead', num_regions=num_regions, num_layers=max(layers, default=0) + 1),
        ),
        head=dict(type='FRAHead', hid_channels=hid_channels),
        data_preprocessor=dict(type='SelfSupDataPreprocessor', **OFFICIAL_PREPROCESSOR),
    )


def resnet_depth(tensors: Iterable[str]) -> int:
    """Depth of the ResNet that has the named blocks."""
    blocks = [
        (int(stage), int(block))
        for name in tensors
        for stage, block in re.findall(r'backbone\.layer([1-4])\.(\d+)\.', name)
    ]
    counts = tuple(max((block + 1 for stage, block in blocks if stage == i), default=0) for i in range(1, 5))
    bottleneck = any('.conv3.' in name for name in tensors)
    if (counts, bottleneck) not in _RESNET_DEPTHS:
        raise KeyError(f'the backbone is none of ResNet-18 to -152: its four stages have {counts} blocks')
    return _RESNET_DEPTHS[counts, bottleneck]


def _some(names: Iterable[str]) -> str:
    names = sorted(names)
    return ', '.join(names[:3]) + (f' and {len(names) - 3} more' if len(names) > 3 else '')
