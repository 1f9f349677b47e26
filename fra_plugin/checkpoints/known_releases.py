"""Weights that others have released, recognised by the names of their tensors.

Such a file carries no config. What is known here is the network, the mean and the deviation of its images, and their size:

- the ResNet-50 of A. Bulat et al., "Pre-training strategies and datasets for facial representation learning", ECCV 2022;
- the ViT of FaRL (Y. Zheng et al., "General Facial Representation Learning in a Visual-Linguistic Manner", CVPR 2022),
  and of CLIP, whose layout it has;
- the ViTs of DINOv3, in Meta's names or timm's;
- torchvision's and timm's ResNets for the 1,000 classes of ImageNet.
"""

from typing import Mapping, NamedTuple, Optional

import torch

from .checked_load import unwrapped_name
from .official_release import resnet_depth

# RGB, times 255.
IMAGENET = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
BULAT = dict(IMAGENET, std=[58.14, 57.12, 57.375])  # as in their code
CLIP_MODELS = {
    (768, 16): 'vit_base_patch16_clip_quickgelu_224',
    (768, 32): 'vit_base_patch32_clip_quickgelu_224',
    (1024, 14): 'vit_large_patch14_clip_quickgelu_224',
}
DINOV3_MODELS = {
    384: 'vit_small',
    768: 'vit_base',
    1024: 'vit_large',
    1280: 'vit_huge_plus',
    4096: 'vit_7b',
}


class Release(NamedTuple):
    """A network that is known by its tensors."""

    title: str
    model: dict
    size: int


def known_release(tensors: Mapping[str, torch.Tensor], source: str) -> Optional[Release]:
    """The network of a file without a config; None where it is not known.

    Args:
        tensors: of the file, by name.
        source: the file's name, for messages.

    Raises:
        ValueError: for another size of a network than the known ones.
        ImportError: for a network of timm, without timm.
    """
    tensors = {unwrapped_name(name): value for name, value in tensors.items()}
    if 'visual.class_embedding' in tensors and 'visual.conv1.weight' in tensors:
        width, _, _, patch = tensors['visual.conv1.weight'].shape
        if (width, patch) not in CLIP_MODELS:
            raise ValueError(
                f'{source}: its image encoder, of CLIP or FaRL, has {width} channels and patches of {patch} pixels; known '
                f'are {", ".join(f"{w} and {p}" for w, p in CLIP_MODELS)}'
            )
        return _of_timm('FaRL or CLIP', CLIP_MODELS[width, patch])
    if {'storage_tokens', 'reg_token'} & set(tensors) and 'patch_embed.proj.weight' in tensors:
        return _of_timm('DINOv3', _dinov3(tensors, source)) if 'pos_embed' not in tensors else None
    if 'base_net.conv1.weight' in tensors:
        return _resnet('Bulat et al.', tensors, 'base_net.', BULAT, source)
    classifier = tensors.get('fc.weight')
    if 'conv1.weight' in tensors and classifier is not None and len(classifier) == 1000:
        return _resnet('ImageNet', tensors, '', IMAGENET, source)
    return None


def _resnet(title: str, tensors: Mapping[str, torch.Tensor], prefix: str, statistics: dict, source: str) -> Release:
    names = [f'backbone.{name[len(prefix) :]}' for name in tensors if name.startswith(prefix)]
    try:
        backbone = dict(type='ResNet', depth=resnet_depth(names))
    except KeyError as error:
        raise ValueError(f'{source}: {error.args[0]}') from None
    return Release(title, _model(backbone, statistics), 224)


def _dinov3(tensors: Mapping[str, torch.Tensor], source: str) -> str:
    """timm's name: by the width, whether the MLP is gated, and whether the attention has a bias that is not zero."""
    width = tensors['patch_embed.proj.weight'].shape[0]
    if width not in DINOV3_MODELS:
        raise ValueError(f'{source}: its DINOv3 has {width} channels; known are {", ".join(map(str, DINOV3_MODELS))}')
    name = DINOV3_MODELS[width]
    gated = any('.mlp.w1.' in key or '.mlp.fc1_g.' in key for key in tensors)
    if width == 384 and gated:
        name += '_plus'
    biased = any(value.any() for key, value in tensors.items() if key.endswith(('qkv.bias', 'q_bias', 'v_bias')))
    return f'{name}_patch16_dinov3' + ('_qkvb' if biased and width != 4096 else '')


def _of_timm(title: str, name: str) -> Release:
    """A model of timm with the mean, the deviation and the size that timm gives for it."""
    try:
        import timm
    except ImportError:
        raise ImportError(f'the weights of {title} need timm: pip install timm') from None
    config = timm.get_pretrained_cfg(name)
    if config is None:
        raise ValueError(
            f'timm {timm.__version__} has no {name}, which the weights of {title} need: install a later one'
        )
    statistics = dict(
        mean=[255 * value for value in config.mean], std=[255 * value for value in config.std], to_rgb=True
    )
    return Release(title, _model(dict(type='TIMMFeatureMap', model_name=name), statistics), config.input_size[-1])


def _model(backbone: dict, statistics: dict) -> dict:
    return dict(type='ImageClassifier', backbone=backbone, data_preprocessor=statistics)
