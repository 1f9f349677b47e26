"""What the data sets of facial action units share: frames of videos, a value of each unit, and folds of people."""

import os
import os.path as osp
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from ..image_files import is_image_name
from ..labelled.labelled_faces import LabelledFaces


class Frame(NamedTuple):
    """A labelled frame: its video's folder below the images, its number, and the value of each unit (None: not coded)."""

    where: str
    folder: str
    number: int
    values: List[Optional[int]]


class ActionUnitFaces(LabelledFaces):
    """Frames and their codes -> ``img_path`` and ``gt_score`` (one value for each action unit).

    A subclass names the people of each of three folds, as papers publish them, and yields the frames. One fold is for
    testing, the others are for training. Frames in which a unit is not coded are left out and counted in the log.
    The image of a frame is the one whose name is the frame's number, with zeros in front or without.

    Args:
        data_root: folder of the data set.
        split: 'train' or 'test'. Defaults to 'train'.
        units: numbers of the action units, in FACS.
        test_on: which fold is tested, 1 to 3, or the names of the people who are. Defaults to 3.
        **kwargs: arguments of :class:`LabelledFaces`. There is no published number of frames to check.

    Raises:
        ValueError: for a bad row or an unknown person (file and line, or file, are named), or no unit.
    """

    OFFICIAL_COUNTS = dict(train=0, test=0)
    FOLDS: Sequence[str] = ()

    def __init__(
        self,
        data_root: str,
        split: str,
        units: Sequence[int],
        test_on: Union[int, Sequence[str]] = 3,
        **kwargs,
    ) -> None:
        units = list(units)
        if not units or len(set(units)) < len(units) or not all(isinstance(unit, int) and unit > 0 for unit in units):
            raise ValueError(f'units must be different numbers of action units, such as 12, got {units}')
        is_fold = isinstance(test_on, int) and not isinstance(test_on, bool) and 1 <= test_on <= len(self.FOLDS)
        if not is_fold and not isinstance(test_on, (list, tuple)):
            raise ValueError(f'test_on must be a fold, 1 to {len(self.FOLDS)}, or a list of people, got {test_on!r}')
        self.units = units
        self.test_on = test_on
        kwargs.setdefault('classes', tuple(f'AU{unit}' for unit in units))
        super().__init__(data_root, split, **kwargs)

    def frames(self) -> Iterator[Frame]:
        """The labelled frames of the people for whom :meth:`in_split` is true."""
        raise NotImplementedError

    def read_split(self) -> Iterator[Tuple[str, dict]]:
        images = self.image_folder = self.find('img', 'images')
        names: Dict[str, Dict[int, str]] = {}
        for frame in self.frames():
            if None in frame.values:
                self.left_out.add('frames with a unit that is not coded', frame.where)
                continue
            folder = osp.join(images, frame.folder)
            if frame.folder not in names:
                names[frame.folder] = _by_number(folder)
            name = names[frame.folder].get(frame.number, f'{frame.number}.jpg')
            values = [float(value) for value in frame.values]
            yield frame.where, dict(img_path=osp.join(folder, name), gt_score=values)

    def in_split(self, person: str, where: str) -> bool:
        """Whether a person, whose labels are in ``where``, is in this split."""
        if not isinstance(self.test_on, int):
            return (person in self.test_on) == (self.split == 'test')
        fold = next((number for number, names in enumerate(self.FOLDS, 1) if person in names.split()), None)
        if fold is None:
            raise ValueError(f'{where}: {person} is in no published fold; give the names of the tested people, test_on')
        return (fold == self.test_on) == (self.split == 'test')

    def check_count(self, count: int, of: str = '') -> None:
        """How many frames there are depends on how the videos were cut."""


def _by_number(folder: str) -> Dict[int, str]:
    """Names of the images of a folder by the number that they are; empty if there is no such folder."""
    if not osp.isdir(folder):
        return {}
    stems = ((osp.splitext(name)[0], name) for name in sorted(os.listdir(folder)) if is_image_name(name))
    return {int(stem): name for stem, name in stems if stem.isascii() and stem.isdigit() and len(stem) <= 15}
