"""BP4D-Spontaneous: 41 people in eight tasks, about 140,000 frames with coded action units.

Source: X. Zhang et al., "BP4D-Spontaneous: a high-resolution spontaneous 3D dynamic facial expression database", Image and
Vision Computing 2014. Layout: the authors' ``AUCoding/AU_OCC/F001_T1.csv`` (its header is 0, 1, 2, ...: the column 0 holds
the number of the frame, the column n whether unit n occurs, 9 if that is not known) and the frames, cut to the face, in
``img/F001/T1/2440.jpg``. The folds are those of the comparison in C. Luo et al., "Learning Multi-dimensional Edge
Feature-based AU Relation Graph for Facial Action Unit Recognition", IJCAI 2022.
"""

import os
import os.path as osp
from typing import Iterator, Sequence, Union

from mmpretrain.registry import DATASETS

from ..annotation_file import csv_rows, integer
from .action_unit_faces import ActionUnitFaces, Frame

_UNITS = (1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24)
_UNKNOWN = 9


@DATASETS.register_module()
class BP4D(ActionUnitFaces):
    """One csv file a video -> ``img_path`` and ``gt_score`` (1. or 0.: whether each unit occurs).

    Example:
        >>> dict(type='BP4D', data_root='data/bp4d', split='test', test_on=3)

    Args:
        data_root: folder with ``AUCoding/AU_OCC`` (or ``AUCoding`` or ``AU_OCC``) and ``img``.
        split: 'train' or 'test'. Defaults to 'train'.
        units: numbers of the action units. Defaults to (1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24), those of papers.
        test_on: which of the three folds of people is tested, 1 to 3, or the names of the tested people.
            Defaults to 3.
        **kwargs: arguments of :class:`LabelledFaces`.
    """

    FOLDS = (
        'F001 F002 F008 F009 F010 F016 F018 F023 M001 M004 M007 M008 M012 M014',
        'F003 F005 F011 F013 F020 F022 M002 M005 M010 M011 M013 M016 M017 M018',
        'F004 F006 F007 F012 F014 F015 F017 F019 F021 M003 M006 M009 M015',
    )

    def __init__(
        self,
        data_root: str,
        split: str = 'train',
        units: Sequence[int] = _UNITS,
        test_on: Union[int, Sequence[str]] = 3,
        **kwargs,
    ) -> None:
        super().__init__(data_root, split, units, test_on, **kwargs)

    def frames(self) -> Iterator[Frame]:
        folder = self.find('AUCoding/AU_OCC', 'AU_OCC', 'AUCoding')
        for name in sorted(os.listdir(folder)):
            path = osp.join(folder, name)
            person, _, task = osp.splitext(name)[0].partition('_')
            if not name.endswith('.csv') or not task or name[0] == '.' or not self.in_split(person, path):
                continue
            for where, row in csv_rows(path, ['0', *map(str, self.units)]):
                number = integer(row['0'], range(10**6), where, 'the frame (column 0)')
                codes = [integer(row[str(unit)], (0, 1, _UNKNOWN), where, f'unit {unit}') for unit in self.units]
                values = [None if code == _UNKNOWN else code for code in codes]
                yield Frame(where, osp.join(person, task), number, values)
