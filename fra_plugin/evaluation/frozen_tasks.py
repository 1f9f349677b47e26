"""Tasks that compare frozen features: their faces, and the number that a set of features gets for them.

A task has ``faces(seed)``, a list of files or BGR arrays, and ``score(features, share, seed)`` of features (N, F) in that
order, after learning from a share of the training labels; ``guess(share, seed)`` is the number without any features.
"""

from typing import Any, List, Tuple

import numpy as np
from mmpretrain.registry import DATASETS
from torch.utils.data import Dataset

from ..datasets.labelled.label_agreement import class_names, require_same_classes
from ..datasets.labelled.label_budget import budget
from ..datasets.labelled.landmark_faces import LandmarkFaces, cut
from ..datasets.wrapped import data_info
from .frozen_probe import landmark_error, linear_accuracy, mean_shape_error, pair_accuracy


class LandmarkTask:
    """Landmarks by ridge regression, in crops that are not centred on them.

    Example:
        >>> dict(type='landmarks', train='train.json', test='test.json', images='data/my_faces/images')

    Args:
        train, test: COCO-style json files, as :class:`LandmarkFaces` reads them.
        images: folder of their images.
        size: side of a crop in pixels. Defaults to 128.
    """

    metric = 'NME, % inter-ocular'
    higher_is_better = False
    uses_labels = True
    # Another seed crops the faces anew.
    fixed_faces = False

    def __init__(self, train: str, test: str, images: str, size: int = 128) -> None:
        self.size = size
        parts = [LandmarkFaces(part, images, size, max_faces=10**9) for part in (train, test)]
        self.num_train = len(parts[0])
        self._faces = [face for part in parts for face in part.faces]
        self._load = parts[0]._load

    def faces(self, seed: int) -> List[np.ndarray]:
        return self._crops(seed)[0]

    def score(self, features: np.ndarray, share: float, seed: int) -> float:
        landmarks, kept = self._crops(seed, images=False)[1], self._kept(share, seed)
        n = self.num_train
        return landmark_error(features[:n][kept], landmarks[:n][kept], features[n:], landmarks[n:])

    def guess(self, share: float, seed: int) -> float:
        """The mean shape."""
        landmarks = self._crops(seed, images=False)[1]
        return mean_shape_error(landmarks[: self.num_train][self._kept(share, seed)], landmarks[self.num_train :])

    def _kept(self, share: float, seed: int) -> List[int]:
        return budget([None] * self.num_train, share, seed)

    def _crops(self, seed: int, images: bool = True):
        """Squares of 1.25 to 1.65 times the landmarks' extent, off their centre by up to a tenth of it."""
        rng = np.random.default_rng(seed)
        blank = np.zeros((1, 1, 3), np.uint8)
        crops = []
        for path, landmarks in self._faces:
            low, high = np.nanmin(landmarks, axis=0), np.nanmax(landmarks, axis=0)
            extent, centre = max(*(high - low), 2), (low + high) / 2
            centre = centre + rng.uniform(-0.1, 0.1, 2) * extent
            side = rng.uniform(1.25, 1.65) * extent
            image = self._load(dict(img_path=path))['img'] if images else blank
            crops.append(cut(image, landmarks, centre, side, self.size))
        faces, landmarks = zip(*crops)
        return list(faces), np.stack(landmarks)


class ClassTask:
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
    uses_labels = True
    fixed_faces = True

    def __init__(self, train: dict, test: dict) -> None:
        datasets = [DATASETS.build(config) for config in (train, test)]
        require_same_classes(list(zip(('the training part', 'the test part'), map(class_names, datasets))))
        (self._train, self._train_labels), (self._test, self._test_labels) = map(files_and_labels, datasets)

    def faces(self, seed: int) -> List[str]:
        return self._train + self._test

    def score(self, features: np.ndarray, share: float, seed: int) -> float:
        kept = budget(self._train_labels.tolist(), share, seed)
        n = len(self._train)
        return linear_accuracy(features[:n][kept], self._train_labels[kept], features[n:], self._test_labels, seed)

    def guess(self, share: float, seed: int) -> float:
        """Chance."""
        return 100 / len(np.unique(self._test_labels))


class PairTask:
    """Whether two faces are of the same person, by cosine; the pairs are drawn, half of them of one person.

    Example:
        >>> dict(type='pairs', dataset=dict(type='FaceCSV', ann_file='people.csv', data_root='data/my_faces'))

    Args:
        dataset: config of a data set whose faces have a ``gt_label``: who it is.
        num_pairs: P, at most. Defaults to 6000, as LFW has.
    """

    metric = 'verification accuracy, %'
    higher_is_better = True
    uses_labels = False
    fixed_faces = True

    def __init__(self, dataset: dict, num_pairs: int = 6000) -> None:
        self._faces, self._people = files_and_labels(DATASETS.build(dataset))
        self.num_pairs = num_pairs

    def faces(self, seed: int) -> List[str]:
        return self._faces

    def score(self, features: np.ndarray, share: float, seed: int) -> float:
        pairs, same = draw_pairs(self._people, self.num_pairs, seed)
        folds = np.arange(len(pairs)) // 2 % 10  # pairs of both kinds take turns
        return pair_accuracy(features, pairs, same, folds)['accuracy']

    def guess(self, share: float, seed: int) -> float:
        """Chance."""
        return 50.0


FROZEN_TASKS = dict(landmarks=LandmarkTask, classes=ClassTask, pairs=PairTask)


def files_and_labels(dataset: Dataset) -> Tuple[List[str], np.ndarray]:
    """Files and labels (N, ) of a data set, wrapped or not.

    Raises:
        ValueError: if its faces have no ``gt_label``.
    """
    infos = [data_info(dataset, place) for place in range(len(dataset))]
    labels = [info.get('gt_label') for info in infos]
    if not all(isinstance(label, (int, np.integer)) for label in labels):
        raise ValueError(f'{type(dataset).__name__} has no faces with one label (gt_label) each')
    return [info['img_path'] for info in infos], np.array(labels)


def draw_pairs(people: np.ndarray, num_pairs: int, seed: int) -> Any:
    """Pairs (P, 2) of indices and whether they show one person (P, ): yes, no, yes, ...; none comes twice.

    Args:
        people: who each face is, (N, ) int.
        num_pairs: P, or twice the number of pairs of one person where there are fewer.
        seed: of the draw.

    Raises:
        ValueError: if nobody has two faces, or all faces are of one person.
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(people, kind='stable')
    groups = np.split(order, np.flatnonzero(np.diff(people[order])) + 1)
    same = [(a, b) for group in groups for i, a in enumerate(group) for b in group[i + 1 :]]
    if not same or len(groups) < 2:
        raise ValueError('verification needs two people at least, and two faces of somebody')
    same = [same[place] for place in rng.permutation(len(same))[: num_pairs // 2]]
    other = {}
    for _ in range(100 * len(same)):  # enough unless nearly all faces are of one person
        if len(other) == len(same):
            break
        a, b = sorted(rng.integers(0, len(people), 2).tolist())
        if people[a] != people[b]:
            other[a, b] = None
    pairs = [pair for both in zip(same, other) for pair in both]
    return np.array(pairs), np.arange(len(pairs)) % 2 == 0
