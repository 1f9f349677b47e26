"""Labelled faces and their features: from a backbone's output to what a probe learns from and what it is tested on."""

from typing import List, Tuple, Union

import numpy as np
import torch
from torch.utils.data import Dataset

from ..datasets.wrapped import data_info


def files_and_labels(dataset: Dataset) -> Tuple[List[str], np.ndarray]:
    """The file (None where it has none) and the label of each face of a data set, wrapped or not: N files, (N, ) int64.

    Raises:
        ValueError: if there is no face, or a face has no label or several.
    """
    infos = [data_info(dataset, index) for index in range(len(dataset))]
    labels = [info.get('gt_label') for info in infos]
    if not labels or not all(isinstance(label, (int, np.integer)) for label in labels):
        raise ValueError(f'{type(dataset).__name__} has no faces with one label (gt_label) each')
    return [info.get('img_path') for info in infos], np.array(labels, np.int64)


def image_files_and_labels(dataset: Dataset) -> Tuple[List[str], np.ndarray]:
    """As :func:`files_and_labels`, of faces that are whole image files.

    Raises:
        ValueError: also for a data set that cuts its faces out of the images, or has their pixels in a table.
    """
    files, labels = files_and_labels(dataset)
    for key, what in (('bbox', 'boxes of faces'), ('img', 'pixels')):
        if key in data_info(dataset, 0):
            raise ValueError(
                f'{type(dataset).__name__} gives {what}; expected a data set whose image files are the faces'
            )
    return files, labels


def pooled(output: Union[torch.Tensor, Tuple[torch.Tensor, ...]]) -> torch.Tensor:
    """What a backbone gives -> (B, C): of its last output the mean over the map (B, C, H, W) or the tokens (B, L, C)."""
    feature = output[-1] if isinstance(output, (tuple, list)) else output
    if feature.dim() == 4:
        return feature.mean(dim=(2, 3))
    return feature.mean(dim=1) if feature.dim() == 3 else feature


def split_features(features: List[torch.Tensor], labels: List[torch.Tensor]) -> Tuple[torch.Tensor, ...]:
    """Training features and labels, test features and labels: two sets, or one of which every fifth of a class is tested.

    Raises:
        ValueError: if one set has fewer than five faces of each class.
    """
    if len(features) == 2:
        return features[0], labels[0], features[1], labels[1]
    tested = torch.zeros(len(labels[0]), dtype=torch.bool)
    for label in labels[0].unique():
        tested[(labels[0] == label).nonzero()[4::5]] = True
    if not tested.any():
        raise ValueError('one labelled data set is split into five parts, but no class has five faces')
    return features[0][~tested], labels[0][~tested], features[0][tested], labels[0][tested]
