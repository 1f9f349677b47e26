"""Faces as an evaluation sees them: resized, normalised, without augmentation."""

from typing import List, Optional

import torch
from mmengine.dataset import BaseDataset, Compose
from mmpretrain.registry import DATASETS, TRANSFORMS
from torch import nn

from .load_face import BrokenImageError


def plain_pipeline(size: int) -> List[dict]:
    """Read a face, resize it to ``size`` x ``size`` pixels, pack it."""
    return [
        dict(type='LoadFace', reduce_to=size),
        dict(type='Resize', scale=(size, size)),
        dict(type='PackInputs'),
    ]


def build_plain(dataset: dict, size: int) -> BaseDataset:
    """The data set of a config, with :func:`plain_pipeline` where the config names none."""
    return DATASETS.build(dict(dict(pipeline=plain_pipeline(size), test_mode=True), **dataset))


def spread_faces(dataset: BaseDataset, num_faces: int, size: Optional[int] = None) -> torch.Tensor:
    """The same few faces each time, spread evenly over a data set (neighbours often show the same person).

    Args:
        dataset: a data set of images.
        num_faces: N, or as many as there are.
        size: read them by :func:`plain_pipeline` instead of the data set's own. Defaults to None.

    Returns:
        (N, 3, H, W) BGR uint8; in the place of a face whose file is broken, the next one.

    Raises:
        BrokenImageError: if the files of all faces are broken.
    """
    num_faces = min(num_faces, len(dataset))
    places = torch.linspace(0, len(dataset) - 1, num_faces).round().long().tolist()
    pipeline = dataset.pipeline
    if size is not None:
        pipeline = Compose([TRANSFORMS.build(transform) for transform in plain_pipeline(size)])
    return torch.stack([_readable(dataset, place, pipeline) for place in places])


def _readable(dataset: BaseDataset, place: int, pipeline: Compose) -> torch.Tensor:
    for index in range(place, place + len(dataset)):
        try:
            return pipeline(dataset.get_data_info(index % len(dataset)))['inputs']
        except BrokenImageError as error:
            broken = error
    raise broken


def normalise(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """(N, 3, H, W) BGR uint8 -> what the model learns from, on its device."""
    inputs = model.data_preprocessor(dict(inputs=[images], data_samples=None))['inputs']
    return inputs[0] if isinstance(inputs, (list, tuple)) else inputs
