"""What frozen features know about who a face is."""

from typing import Any, List, Optional

import numpy as np
from mmpretrain.registry import DATASETS

from ..labelled_features import image_files_and_labels
from .probe import pair_accuracy, principal_components


class PairTask:
    """Whether two faces are of the same person, by cosine; the pairs are drawn, half of them of one person.

    Example:
        >>> dict(type='pairs', dataset=dict(type='FaceCSV', ann_file='people.csv', data_root='data/my_faces'))

    Args:
        dataset: config of a data set whose faces have a ``gt_label``: who it is.
        train: config of a data set of other faces, whose mean and directions the features are freed from first, see
            :func:`principal_components`; its labels are not used. Defaults to None: the features as they are.
        num_pairs: P, at most. Defaults to 6000, as LFW has.
    """

    metric = 'verification accuracy, %'
    higher_is_better = True
    uses_labels = False
    fixed_faces = True
    needs = 'vectors'

    def __init__(self, dataset: dict, train: Optional[dict] = None, num_pairs: int = 6000) -> None:
        self._train = image_files_and_labels(DATASETS.build(train))[0] if train else []
        self._faces, self._people = image_files_and_labels(DATASETS.build(dataset))
        self.num_pairs = num_pairs

    def files(self) -> List[str]:
        """All faces that its numbers depend on."""
        return self._train + self._faces

    def faces(self, seed: int) -> List[str]:
        return self.files()

    def has_draws(self, share: float) -> bool:
        """Whether another seed asks something else of the same features."""
        return True

    def prepare(self, features: np.ndarray) -> np.ndarray:
        """Their principal components, of the training faces."""
        n = len(self._train)
        return np.concatenate(principal_components(features[:n], features[n:])) if n else features

    def score(self, features: np.ndarray, share: float, seed: int) -> float:
        pairs, same = draw_pairs(self._people, self.num_pairs, seed)
        folds = np.arange(len(pairs)) // 2 % 10  # pairs of both kinds take turns
        return pair_accuracy(features[len(self._train) :], pairs, same, folds)['accuracy']

    def guess(self, share: float, seed: int) -> float:
        """Chance."""
        return 50.0


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
    person = people[order]
    # Pairs of one person are numbered, not listed, as there may be many: each face, with each later face of that person.
    partners = np.searchsorted(person, person, side='right') - np.arange(len(person)) - 1
    ends = np.cumsum(partners)
    if not partners.any() or person[0] == person[-1]:
        raise ValueError('verification needs two people at least, and two faces of somebody')
    places = rng.permutation(ends[-1])[: num_pairs // 2]
    first = np.searchsorted(ends, places, side='right')
    second = first + 1 + places - (ends - partners)[first]
    same = list(zip(order[first].tolist(), order[second].tolist()))
    other = {}
    for _ in range(100 * len(same)):  # enough unless nearly all faces are of one person
        if len(other) == len(same):
            break
        a, b = sorted(rng.integers(0, len(people), 2).tolist())
        if people[a] != people[b]:
            other[a, b] = None
    pairs = [pair for both in zip(same, other) for pair in both]
    return np.array(pairs), np.arange(len(pairs)) % 2 == 0
