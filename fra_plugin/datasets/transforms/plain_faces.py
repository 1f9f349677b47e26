"""Faces as an evaluation sees them: resized, normalised, without augmentation."""

from typing import List, Optional

import torch
from mmengine.dataset import BaseDataset, Compose
from mmpretrain.registry import DATASETS, TRANSFORMS
from torch import nn
from torch.utils.data import Dataset

from ..wrapped import source, with_defaults
from .face_crop import FaceCrop
from .load_face import BrokenImageError


def plain_pipeline(size: int, crop: Optional[FaceCrop] = None) -> List[dict]:
    """Read a face, resize it to ``size`` x ``size`` pixels, pack it.

    Args:
        size: in pixels.
        crop: how the faces are cut, of that size, to be kept in the config. Defaults to None, not known.
    """
    return [
        dict(type='LoadFace', reduce_to=size),
        dict(type='FaceCrop', **crop.settings()) if crop else dict(type='Resize', scale=(size, size)),
        dict(type='PackInputs'),
    ]


def build_plain(dataset: dict, size: int) -> BaseDataset:
    """The data set of a config, wrapped or not, with :func:`plain_pipeline` where the config names none."""
    return DATASETS.build(with_defaults(dataset, pipeline=plain_pipeline(size), test_mode=True))


def spread_faces(dataset: Dataset, num_faces: int, size: Optional[int] = None) -> torch.Tensor:
    """The same few faces each time, spread evenly over a data set (neighbours often show the same person).

    Args:
        dataset: a data set of images, wrapped or not.
        num_faces: N, or as many as there are.
        size: read them by :func:`plain_pipeline` instead of the data set's own. Defaults to None.

    Returns:
        (N, 3, H, W) BGR uint8; in the place of a face whose file is broken (or that the pipeline leaves out), the
        next one.

    Raises:
        BrokenImageError: if the files of all faces are broken.
        TypeError: if the data set does not tell where its images are, as mmengine's BaseDataset does.
    """
    num_faces = min(num_faces, len(dataset))
    places = torch.linspace(0, len(dataset) - 1, num_faces).round().long().tolist()
    pipeline = None
    if size is not None:
        pipeline = Compose([TRANSFORMS.build(transform) for transform in plain_pipeline(size)])
    return torch.stack([_readable(dataset, place, pipeline) for place in places])


def _readable(dataset: Dataset, place: int, pipeline: Optional[Compose]) -> torch.Tensor:
    broken = ValueError('the pipeline gives None for all faces')
    for index in range(place, place + len(dataset)):
        inner, inner_index = source(dataset, index % len(dataset))
        if not hasattr(inner, 'get_data_info'):
            raise TypeError(f'{type(inner).__name__} has no get_data_info, which tells where the images are')
        try:
            packed = (pipeline or inner.pipeline)(inner.get_data_info(inner_index))
        except BrokenImageError as error:
            broken = error
            continue
        if packed is not None:
            return packed['inputs']
    raise broken


def normalise(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """(N, 3, H, W) BGR uint8 -> what the model learns from, on its device."""
    inputs = model.data_preprocessor(dict(inputs=[images], data_samples=None))['inputs']
    return inputs[0] if isinstance(inputs, (list, tuple)) else inputs
