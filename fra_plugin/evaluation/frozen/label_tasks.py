"""What frozen features know about labels of whole faces: classes, and numbers such as an age."""

from typing import List, Tuple

import numpy as np
import torch
from mmpretrain.registry import DATASETS

from ...datasets.labelled.label_agreement import class_names, require_same_classes
from ...datasets.labelled.label_budget import budget
from ..labelled_features import image_files_and_labels
from ..nearest_neighbours import knn_accuracy
from .probe import linear_accuracy, number_error, principal_components


class LabelTask:
    """What tasks about labels of whole faces share: training faces, then test faces, the same in each draw."""

    uses_labels = True
    fixed_faces = True
    needs = 'vectors'
    _train: List[str]
    _test: List[str]

    @property
    def num_train(self) -> int:
        """How many of :meth:`files`, the first, are to learn from."""
        return len(self._train)

    def files(self) -> List[str]:
        """All faces that its numbers depend on."""
        return self._train + self._test

    def faces(self, seed: int) -> List[str]:
        return self.files()

    def has_draws(self, share: float) -> bool:
        """Whether another seed asks something else of the same features."""
        return share < 1

    def prepare(self, features: np.ndarray) -> np.ndarray:
        """Their principal components, of the training faces without their labels."""
        n = len(self._train)
        return np.concatenate(principal_components(features[:n], features[n:]))


class ClassTask(LabelTask):
    """Classes by logistic regression: expressions, or a single attribute.

    Example:
        >>> dict(type='classes', train=dict(type='RAFDB', data_root='data/rafdb'),
        ...      test=dict(type='RAFDB', data_root='data/rafdb', split='test'))

    Args:
        train, test: configs of data sets whose faces have a ``gt_label`` and which have the same classes.

    Raises:
        ValueError: if they have not.
    """

    metric = 'mean per-class accuracy, %'
    higher_is_better = True

    def __init__(self, train: dict, test: dict) -> None:
        datasets = [DATASETS.build(config) for config in (train, test)]
        require_same_classes(list(zip(('the training part', 'the test part'), map(class_names, datasets))))
        (self._train, self._train_labels), (self._test, self._test_labels) = map(image_files_and_labels, datasets)

    def score(self, features: np.ndarray, share: float, seed: int) -> float:
        kept = budget(self._train_labels.tolist(), share, seed)
        n = len(self._train)
        return linear_accuracy(
            features[:n][kept],
            self._train_labels[kept],
            features[n:],
            self._test_labels,
            seed=seed,
            standardise=False,
        )

    def guess(self, share: float, seed: int) -> float:
        """Chance."""
        return 100 / len(np.unique(self._test_labels))


class NeighbourTask(ClassTask):
    """Classes by the vote of the 20 nearest training faces, see :func:`knn_accuracy`: no label is learnt from.

    Classes weigh the same, however many faces they have.

    Args:
        train, test: as for :class:`ClassTask`.
    """

    metric = 'mean per-class accuracy of 20 nearest neighbours, %'

    def score(self, features: np.ndarray, share: float, seed: int) -> float:
        kept = budget(self._train_labels.tolist(), share, seed)
        n = len(self._train)
        train, test = (torch.from_numpy(part.astype(np.float32)) for part in (features[:n][kept], features[n:]))
        labels = (torch.from_numpy(part) for part in (self._train_labels[kept], self._test_labels))
        return knn_accuracy(train, next(labels), test, next(labels), balanced=True)


class NumberTask(LabelTask):
    """Numbers by ridge regression, such as ages.

    Example:
        >>> ages = dict(type='FaceCSV', ann_file='ages.csv', data_root='data/my_faces', label_column='age')
        >>> dict(type='numbers', train=dict(ages, split='train'), test=dict(ages, split='val'))

    Args:
        train, test: configs of data sets whose faces have a ``gt_label`` with the number as its class's name.

    Raises:
        ValueError: for a class whose name is not a number.
    """

    metric = 'mean absolute error'
    higher_is_better = False

    def __init__(self, train: dict, test: dict) -> None:
        (self._train, self._train_numbers), (self._test, self._test_numbers) = map(_numbered_faces, (train, test))

    def score(self, features: np.ndarray, share: float, seed: int) -> float:
        kept, n = self._kept(share, seed), len(self._train)
        return number_error(features[:n][kept], self._train_numbers[kept], features[n:], self._test_numbers)

    def guess(self, share: float, seed: int) -> float:
        """The median."""
        return float(np.abs(np.median(self._train_numbers[self._kept(share, seed)]) - self._test_numbers).mean())

    def _kept(self, share: float, seed: int) -> List[int]:
        return budget([None] * len(self._train), share, seed)


def _numbered_faces(config: dict) -> Tuple[List[str], np.ndarray]:
    dataset = DATASETS.build(config)
    files, labels = image_files_and_labels(dataset)
    try:
        numbers = np.array([float(name) for name in class_names(dataset) or ()])
    except ValueError as error:
        raise ValueError(f'{config.get("type")} has labels that are no numbers: {error}') from None
    if not len(numbers):
        raise ValueError(f'{config.get("type")} does not name its classes, which should be numbers')
    return files, numbers[labels]
