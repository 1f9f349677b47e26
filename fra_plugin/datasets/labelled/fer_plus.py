"""FER+: the faces of FER2013 with ten people's votes on eight expressions.

Source: E. Barsoum et al., "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label
Distribution", ICMI 2016. Layout: ``fer2013new.csv`` of the authors' repository (Usage, Image name, then the votes),
row for row the same faces as ``fer2013.csv``. As in their code, an expression with a single vote gets none, and a
majority is more than half of the votes that are left. Soft labels differ: theirs keep the leading expressions
only (up to three, until three quarters of the votes), here all that are left.
"""

from itertools import zip_longest
from typing import Iterator, List, Optional, Tuple

from mmengine.logging import MMLogger
from mmpretrain.registry import DATASETS

from ..annotation_file import csv_rows, integer
from .fer2013 import FER2013, pixels

_CLASSES = ('neutral', 'happiness', 'surprise', 'sadness', 'anger', 'disgust', 'fear', 'contempt')
_VOTES = (*_CLASSES, 'unknown', 'NF')


@DATASETS.register_module()
class FERPlus(FER2013):
    """Two csv files -> ``img`` (48, 48, 3) uint8, ``gt_label`` 0 to 7, and ``gt_score`` (8 shares) with soft labels.

    Faces without a majority, and those where "unknown" or "no face" has the most votes, are left out and counted in
    the log. The published number of rows is checked before that.

    Example:
        >>> dict(type='FERPlus', data_root='data/ferplus', labels='soft')

    Args:
        data_root: folder with ``fer2013.csv`` and ``fer2013new.csv``.
        split: 'train' (28,709 rows), 'val' (3,589) or 'test' (3,589). Defaults to 'train'.
        labels: 'majority', or 'soft' for the shares of the votes as the target of a soft cross-entropy. Defaults to
            'majority', which is also what a test split needs.
        **kwargs: arguments of :class:`LabelledFaces`.
    """

    METAINFO = dict(classes=_CLASSES)

    def __init__(self, data_root: str, split: str = 'train', labels: str = 'majority', **kwargs) -> None:
        if labels not in ('majority', 'soft'):
            raise ValueError(f'labels must be majority or soft, got {labels!r}')
        self.labels = labels
        super().__init__(data_root, split, **kwargs)

    def read_split(self) -> Iterator[Tuple[str, dict]]:
        self._num_rows = 0
        for where, image, votes in self._read_votes():
            self._num_rows += 1
            shares = vote_shares(votes)
            label = max(range(len(shares)), key=shares.__getitem__)
            if label >= len(_CLASSES) or shares[label] <= (0.0 if self.labels == 'soft' else 0.5):
                continue
            data = dict(img=pixels(image, where), gt_label=label, img_path=where)
            if self.labels == 'soft':
                emotions = shares[: len(_CLASSES)]
                data['gt_score'] = [share / sum(emotions) for share in emotions]
            yield where, data

    def load_data_list(self) -> List[dict]:
        """Read the votes, and say how many faces have a label."""
        data_list = super().load_data_list()
        MMLogger.get_current_instance().info(
            f'{type(self).__name__}: {len(data_list):,} of {self._num_rows:,} faces of the split {self.split!r} have '
            f'a {self.labels} label'
        )
        return data_list

    def check_count(self, count: int) -> None:
        """The published number counts rows, whatever their votes."""
        super().check_count(self._num_rows)

    def _read_votes(self) -> Iterator[Tuple[str, str, List[int]]]:
        votes = self.find('fer2013new.csv', 'FERPlus/fer2013new.csv')
        in_split = (item for item in csv_rows(votes, ('Usage', *_VOTES)) if item[1]['Usage'] == self.usage)
        for face, vote in zip_longest(self.rows_of_split(), in_split):
            if face is None or vote is None:
                raise ValueError(
                    f'{(face or vote)[0]}: fer2013.csv and fer2013new.csv must have the same faces in '
                    f'{self.usage}, one of them ends before this row'
                )
            where, row = vote
            yield where, face[1]['pixels'], [integer(row[name], range(11), where, name) for name in _VOTES]


def vote_shares(votes: List[int]) -> List[float]:
    """Shares of the votes once single ones are dropped; all 0 where none is left."""
    votes = [vote if vote > 1 else 0 for vote in votes]
    total: Optional[int] = sum(votes) or None
    return [vote / total if total else 0.0 for vote in votes]
