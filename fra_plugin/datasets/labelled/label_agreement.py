"""Whether data sets mean the same by their labels: a label is a number, and each data set may number its own classes."""

from collections import Counter
from typing import Any, List, Optional, Sequence, Tuple

from mmengine.logging import MMLogger
from torch.utils.data import Dataset

from ..wrapped import sources

_NAMED = 10


def class_names(dataset: Dataset) -> Optional[Tuple[str, ...]]:
    """Names of the classes in the order of their numbers, None where a data set knows none.

    Raises:
        ValueError: if the data sets that this one joins number their labels in different ways, or a class has two numbers.
    """
    named = [(type(part).__name__, _classes(part)) for part in sources(dataset)]
    for kind, classes in named:
        twice = sorted(name for name, count in Counter(map(str, classes or ())).items() if count > 1)
        if twice:
            raise ValueError(f'{kind}: two classes are called {listed(twice)}, and so a label would have two numbers')
    require_same_classes(named)
    return next((classes for _, classes in named if classes), None)


def require_same_classes(parts: Sequence[Tuple[str, Optional[Sequence[Any]]]]) -> None:
    """Refuse data sets in which one label means two classes.

    Args:
        parts: what to call each data set, and the names of its classes; None is passed over.

    Raises:
        ValueError: naming the classes. Where the names of one are nothing but numbers, 0 to n - 1 or 1 to n, they count as
            the n names of the other, and the log has a warning.
    """
    named = [(part, tuple(map(str, classes))) for part, classes in parts if classes]
    for part, classes in named[1:]:
        first, expected = named[0]
        if classes == expected:
            continue
        if len(classes) == len(expected) and (_are_numbers(classes) or _are_numbers(expected)):
            MMLogger.get_current_instance().warning(
                f'{part} has the classes {listed(classes)}, {first} {listed(expected)}: they count as the same, in this '
                f'order'
            )
            continue
        raise ValueError(
            f'{part} has the {len(classes)} classes {listed(classes)}, but {first} the {len(expected)} '
            f'{listed(expected)}: a label would mean another class; give both the same classes '
            f'(classes, or classes_from of ClassFolders and FaceCSV)'
        )


def _are_numbers(names: Sequence[str]) -> bool:
    return any(list(names) == [str(number + first) for number in range(len(names))] for first in (0, 1))


def listed(names: Sequence[str]) -> str:
    """The names, or the first of many."""
    more = len(names) - _NAMED
    return ', '.join(map(str, names[:_NAMED])) + (f' and {more} more' if more > 0 else '')


def largest_label(dataset: Dataset) -> Optional[int]:
    """The largest label of all faces: their ``gt_label``, the last place of ``gt_score``, or the last class of a label map.

    None where there are no labels.
    """
    largest: List[int] = []
    for part in sources(dataset):
        if not hasattr(part, 'get_data_info'):
            continue
        for index in range(len(part)):
            info = part.get_data_info(index)
            label = info.get('gt_label')
            if 'num_classes' in info:  # a label map, which is not read for this
                largest.append(info['num_classes'] - 1)
                break
            if label is None and 'gt_score' in info:
                largest.append(len(info['gt_score']) - 1)
                break  # as many for every face
            if label is None:
                break
            largest += list(label) if isinstance(label, (list, tuple)) else [int(label)]
            largest = [max(largest)] if largest else []
    return max(largest, default=None)


def _classes(dataset: Dataset) -> Optional[Sequence[str]]:
    return (getattr(dataset, 'metainfo', None) or {}).get('classes')
