"""DISFA: 27 people watch a film; 4,845 frames of each with the intensity of twelve action units, 0 to 5.

Source: S. M. Mavadati et al., "DISFA: A Spontaneous Facial Action Intensity Database", IEEE Transactions on Affective
Computing 2013. Layout: the authors' ``ActionUnit_Labels/SN001/SN001_au12.txt`` (``FRAME,INTENSITY`` a line) and the frames
of a video, cut to the face, in ``img/SN001/1.jpg``. The folds are those of the comparison in C. Luo et al., "Learning
Multi-dimensional Edge Feature-based AU Relation Graph for Facial Action Unit Recognition", IJCAI 2022.
"""

import os
import os.path as osp
from typing import Dict, Iterator, Optional, Sequence, Tuple, Union

from mmpretrain.registry import DATASETS

from ..annotation_file import integer, text_lines
from .action_unit_faces import ActionUnitFaces, Frame

_UNITS = (1, 2, 4, 6, 9, 12, 25, 26)


@DATASETS.register_module()
class DISFA(ActionUnitFaces):
    """One text file a person and unit -> ``img_path`` and ``gt_score`` (1. or 0.: whether each unit occurs, or 0. to 5.).

    Example:
        >>> dict(type='DISFA', data_root='data/disfa', split='test', test_on=3)

    Args:
        data_root: folder with ``ActionUnit_Labels`` and ``img``.
        split: 'train' or 'test'. Defaults to 'train'.
        units: numbers of the action units. Defaults to (1, 2, 4, 6, 9, 12, 25, 26), those of papers on occurrence.
        test_on: which of the three folds of people is tested, 1 to 3, or the names of the tested people.
            Defaults to 3.
        threshold: intensities of at least this much count as occurrence, 1 to 5; None gives the intensities themselves.
            Defaults to 2, as in papers.
        **kwargs: arguments of :class:`LabelledFaces`.
    """

    FOLDS = (
        'SN001 SN002 SN009 SN010 SN016 SN026 SN027 SN030 SN032',
        'SN006 SN011 SN012 SN013 SN018 SN021 SN024 SN028 SN031',
        'SN003 SN004 SN005 SN007 SN008 SN017 SN023 SN025 SN029',
    )

    def __init__(
        self,
        data_root: str,
        split: str = 'train',
        units: Sequence[int] = _UNITS,
        test_on: Union[int, Sequence[str]] = 3,
        threshold: Optional[int] = 2,
        **kwargs,
    ) -> None:
        if threshold is not None and threshold not in range(1, 6):
            raise ValueError(f'threshold must be 1 to 5 or None, got {threshold!r}')
        self.threshold = threshold
        super().__init__(data_root, split, units, test_on, **kwargs)

    def frames(self) -> Iterator[Frame]:
        labels = self.find('ActionUnit_Labels')
        for person in sorted(os.listdir(labels)):
            folder = osp.join(labels, person)
            if not osp.isdir(folder) or person[0] == '.' or not self.in_split(person, folder):
                continue
            of_unit = [_intensities(osp.join(folder, f'{person}_au{unit}.txt')) for unit in self.units]
            for number in sorted(set().union(*of_unit)):
                coded = [frames.get(number) for frames in of_unit]
                where = next(entry[0] for entry in coded if entry)
                yield Frame(where, person, number, [entry and self._value(entry[1]) for entry in coded])

    def _value(self, intensity: int) -> int:
        return intensity if self.threshold is None else int(intensity >= self.threshold)


def _intensities(path: str) -> Dict[int, Tuple[str, int]]:
    """Where each frame of a person is coded for a unit, and its intensity."""
    found = {}
    for where, line in text_lines(path):
        fields = [field.strip() for field in line.split(',')]
        if len(fields) != 2:
            raise ValueError(f'{where}: expected "FRAME,INTENSITY", got {line[:40]!r}')
        number = integer(fields[0], range(10**6), where, 'the frame')
        found[number] = (where, integer(fields[1], range(6), where, 'the intensity'))
    return found
