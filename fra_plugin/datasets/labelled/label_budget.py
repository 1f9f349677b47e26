"""Learning from few labels: a fixed, class-balanced share of a training split."""

import math
from typing import Dict, List, Optional, Union

import numpy as np
from mmengine.dataset import ClassBalancedDataset, RepeatDataset
from mmengine.logging import MMLogger
from mmengine.registry import DATASETS
from torch.utils.data import ConcatDataset, Dataset, Subset

from ..wrapped import inner, sources


@DATASETS.register_module()
def LabelBudget(
    dataset: Union[dict, Dataset], share: float, seed: int = 0, min_length: Optional[int] = None
) -> Dataset:
    """The data set itself, cut down to a share of its faces.

    Works on any data set of mmengine, mmpretrain or mmpose: wrap its config. Where each face has one label, every class gets
    the same number of faces, and a class with fewer leaves its rest to the others; at least one face a class. Other faces
    (attributes, landmarks) are drawn at random. A larger share holds all faces of a smaller one with the same seed, on any
    machine and in any version of NumPy.

    Of a ``ConcatDataset`` the faces of all its data sets count as one set; ``RepeatDataset`` and ``ClassBalancedDataset``
    repeat the faces that were kept.

    Example:
        >>> dict(type='LabelBudget', share=0.1, dataset=dict(type='RAFDB', data_root='data/rafdb'))

    Args:
        dataset: config of the data set, or the data set.
        share: share of the faces to keep, in (0, 1].
        seed: chooses another set of faces. Defaults to 0.
        min_length: repeat the kept faces, all equally often, until there are at least so many, so that few labels don't
            mean few steps. Defaults to None, no repetition.

    Raises:
        ValueError: if ``share`` is not in (0, 1].
        TypeError: for a data set that can't be cut down, such as torch's ``Subset``.
    """
    if not 0 < share <= 1:
        raise ValueError(f'share must be in (0, 1], got {share}')
    if isinstance(dataset, dict):
        dataset = DATASETS.build(dataset)
    _refuse_fixed(dataset)
    if hasattr(dataset, 'full_init'):
        dataset.full_init()
    parts = sources(dataset)
    places = [(part, index) for part in parts for index in range(len(part))]
    total = len(places)
    kept = budget([_label(part.get_data_info(index)) for part, index in places], share, seed)
    repeats = math.ceil(min_length / len(kept)) if min_length else 1
    kept_of = {id(part): [] for part in parts}
    for place in kept * repeats:
        part, index = places[place]
        kept_of[id(part)].append(index)
    for part in parts:
        part.get_subset_(kept_of[id(part)])
    _count_anew(dataset)
    MMLogger.get_current_instance().info(
        f'LabelBudget: {len(kept):,} of {total:,} faces (share {share:g}, seed {seed})'
        + (f', each {repeats} times' if repeats > 1 else '')
    )
    return dataset


def _refuse_fixed(dataset: Dataset) -> None:
    parts = inner(dataset)
    if isinstance(dataset, Subset) or not (parts or hasattr(dataset, 'get_subset_')):
        raise TypeError(f'LabelBudget can not cut down a {type(dataset).__name__}; put LabelBudget inside it')
    for part in parts:
        _refuse_fixed(part)


def _count_anew(dataset: Dataset) -> None:
    """Let wrappers know how many faces are left in what they wrap."""
    for part in inner(dataset):
        _count_anew(part)
    if isinstance(dataset, ConcatDataset):
        dataset.cumulative_sizes = dataset.cumsum(dataset.datasets)
    elif isinstance(dataset, (RepeatDataset, ClassBalancedDataset)):
        dataset._fully_initialized = False
        dataset.full_init()


def budget(labels: List[Optional[int]], share: float, seed: int) -> List[int]:
    """Indices to keep, in ascending order; one class where labels are None."""
    # RandomState, as its stream is promised never to change (that of default_rng is not).
    order = np.random.RandomState(seed).permutation(len(labels))
    by_class: Dict[Optional[int], List[int]] = {}
    for index in order.tolist():
        by_class.setdefault(labels[index], []).append(index)
    wanted = max(round(share * len(labels)), len(by_class))
    # One face of every class in turn, as long as it has any: so a larger budget only adds faces.
    turns = sorted(
        (turn, class_id, index)
        for class_id, members in enumerate(_in_order(by_class))
        for turn, index in enumerate(members)
    )
    return sorted(index for _, _, index in turns[:wanted])


def _in_order(by_class: Dict[Optional[int], List[int]]) -> List[List[int]]:
    return [by_class[label] for label in sorted(by_class, key=lambda label: -1 if label is None else label)]


def _label(data: dict) -> Optional[int]:
    label = data.get('gt_label')
    return int(label) if isinstance(label, (int, np.integer)) else None
