"""Looks through data sets that wrap others: mmengine's Concat-, Repeat- and ClassBalancedDataset, mmpretrain's
KFoldDataset, torch's Subset, and wrappers that only add something (an attribute ``dataset``)."""

from bisect import bisect_right
from typing import Any, List, Tuple

from mmengine.dataset import BaseDataset, ClassBalancedDataset, RepeatDataset
from torch.utils.data import ConcatDataset, Dataset, Subset


def source(dataset: Dataset, index: int) -> Tuple[Dataset, int]:
    """The innermost data set that sample ``index`` comes from, and the sample's index in it.

    Args:
        dataset: a data set, wrapped any number of times or not at all.
        index: of a sample, from 0 on.

    Raises:
        IndexError: if there is no such sample.
    """
    while inner(dataset):
        if not 0 <= index < len(dataset):  # len: also what makes a lazy wrapper build its table of indices
            raise IndexError(f'{type(dataset).__name__} has {len(dataset)} samples, got the index {index}')
        part = 0
        if isinstance(dataset, ConcatDataset):
            part = bisect_right(dataset.cumulative_sizes, index)
            index -= dataset.cumulative_sizes[part - 1] if part else 0
        elif isinstance(dataset, RepeatDataset):
            index %= len(dataset.dataset)
        elif isinstance(dataset, ClassBalancedDataset):
            index = dataset.repeat_indices[index]
        elif isinstance(dataset, Subset):
            index = dataset.indices[index]
        dataset = inner(dataset)[part]
    return dataset, index


def sources(dataset: Dataset) -> List[Dataset]:
    """All innermost data sets, each once, in their order."""
    parts = inner(dataset)
    found = [found for part in parts for found in sources(part)] if parts else [dataset]
    return list({id(part): part for part in found}.values())


def data_info(dataset: Dataset, index: int) -> Any:
    """What the innermost data set knows of sample ``index`` before its pipeline (``get_data_info``)."""
    dataset, index = source(dataset, index)
    return dataset.get_data_info(index)


def category_ids(dataset: Dataset, index: int) -> List[int]:
    """The classes of sample ``index`` (``get_cat_ids`` of the innermost data set)."""
    dataset, index = source(dataset, index)
    return dataset.get_cat_ids(index)


def with_defaults(config: dict, **defaults: Any) -> dict:
    """The config of a data set with these arguments where the innermost data sets name none.

    Example:
        >>> with_defaults(dict(type='RepeatDataset', times=2, dataset=dict(type='RAFDB')), pipeline=[])
        {'type': 'RepeatDataset', 'times': 2, 'dataset': {'pipeline': [], 'type': 'RAFDB'}}
    """
    if isinstance(config.get('datasets'), (list, tuple)):
        return dict(config, datasets=[with_defaults(part, **defaults) for part in config['datasets']])
    if isinstance(config.get('dataset'), dict):
        return dict(config, dataset=with_defaults(config['dataset'], **defaults))
    return dict(defaults, **config)


def inner(dataset: Dataset) -> List[Dataset]:
    """What a data set wraps; nothing if it has the samples itself."""
    if isinstance(dataset, ConcatDataset):
        return list(dataset.datasets)
    wraps = not isinstance(dataset, BaseDataset) and hasattr(dataset, 'dataset')
    return [dataset.dataset] if wraps else []
