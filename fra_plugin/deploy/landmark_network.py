"""Heatmaps, or coordinates, of a fine-tuned landmark model of mmpose."""

from typing import Any, Mapping, Tuple

import torch
from torch import nn

from ..checkpoints.pretrained_backbone import fill, named_tensors
from ..checkpoints.stored_config import model_config, sees_rgb
from ..configs import dicts
from .deployable import Deployable, image_facts, source_facts

PADDING = 1.25  # of mmpose's GetBBoxCenterScale where a config does not tell


class LandmarkNetwork(nn.Module):
    """images (B, 3, H, W) -> heatmaps (B, L, h, w); of a regression, keypoints (B, L, 2) in pixels of the input.

    The heatmaps are those of one pass: mmpose's ``flip_test`` takes the mean of them and those of the mirrored image.
    """

    def __init__(self, model: nn.Module, size: Tuple[int, int]) -> None:
        super().__init__()
        self.model = model
        self.register_buffer('scale', torch.tensor(size[::-1], dtype=torch.float32), persistent=False)

    def forward(self, images: torch.Tensor) -> Tuple[torch.Tensor]:
        outputs = self.model.head.forward(self.model.extract_feat(images))
        outputs = outputs[-1] if isinstance(outputs, (list, tuple)) else outputs
        return (outputs if outputs.dim() == 4 else outputs[..., :2] * self.scale,)


def is_landmark_model(parts: Mapping[str, Any]) -> bool:
    """Whether a config is of a landmark model of mmpose."""
    return (parts.get('model') or {}).get('type') in ('TopdownPoseEstimator', 'mmpose.TopdownPoseEstimator')


def read_landmark_model(checkpoint: str, content: Any, parts: Mapping[str, Any]) -> Deployable:
    """The network of a landmark model.

    Raises:
        ValueError: if it does not fit its config, or is no model of heatmaps or coordinates.
        ImportError: without mmpose.
    """
    from mmengine.registry import MODELS as ALL_MODELS
    from mmengine.registry import DefaultScope
    from mmpose.registry import KEYPOINT_CODECS, MODELS

    from .. import landmark  # noqa: F401  (registers this package's heads)

    config = model_config(parts, checkpoint)
    known = {**ALL_MODELS.module_dict, **MODELS.module_dict, **KEYPOINT_CODECS.module_dict}
    for name in (part['type'] for part in dicts(config) if 'type' in part):
        if str(name).rpartition('.')[2] not in known or '.' in str(name).replace('mmpose.', '', 1):
            raise ValueError(f'{checkpoint} carries a config with the type {name!r}, which is no registered model')
    codec = (config.get('head') or {}).get('decoder') or {}
    width, height = codec.get('input_size') or (0, 0)
    if not width:
        raise ValueError(f'{checkpoint}: the head of its model has no decoder that tells the size of images')
    with DefaultScope.overwrite_default_scope('mmpose'):
        model = MODELS.build(config).eval()
    fill(model, named_tensors(content, checkpoint), checkpoint, strict=True, whose=' of its config')
    network = LandmarkNetwork(model, (height, width)).eval()
    preprocessor = config.get('data_preprocessor') or {}
    with torch.no_grad():
        (output,) = network(torch.zeros(1, 3, height, width))
    name = 'heatmaps' if output.dim() == 4 else 'keypoints'
    facts = dict(
        task='landmarks',
        **image_facts(
            (height, width),
            preprocessor.get('mean') or [0.0] * 3,
            preprocessor.get('std') or [1.0] * 3,
            sees_rgb(preprocessor),
        ),
        crop=_crop(parts),
        codec=dict(codec),
        landmarks=int(output.shape[1]),
        **source_facts(checkpoint),
    )
    return Deployable(network, (height, width), [name], facts)


def _crop(parts: Mapping[str, Any]) -> dict:
    """How mmpose cuts a face out: the box, ``padding`` times as large and of the input's shape, warped to the input."""
    dataset = next(
        (parts[name].get('dataset') for name in ('test_dataloader', 'val_dataloader') if parts.get(name)), None
    )
    transforms = {str(part.get('type')).rpartition('.')[2]: part for part in dicts(dataset)}
    return dict(
        padding=transforms.get('GetBBoxCenterScale', {}).get('padding', PADDING),
        use_udp=bool(transforms.get('TopdownAffine', {}).get('use_udp', False)),
    )
