"""What the data sets of ages share: the age stands in the name of the image."""

import hashlib
import os.path as osp
import re
from typing import ClassVar, Iterator, Pattern, Sequence, Tuple

from ...files.printable import printable
from ..annotation_file import integer
from ..labelled.labelled_faces import LabelledFaces
from ..unlabelled.folder_scan import scan_folder, tell_left_out

FOLDS = 5


class AgedFaces(LabelledFaces):
    """Images named by age -> ``img_path``, and ``gt_score`` (the age in years) or ``gt_label`` (the age as a class).

    A subclass gives the pattern of a name, how such a name is written, and the folders where the images may lie. The
    pattern has the group ``age`` and the group ``key``; images with the same key are in the same split. Names of another
    form are left out and counted in the log.

    Args:
        data_root: folder with the images, or with the folder in which their authors hand them out.
        split: 'train' or 'test'. Defaults to 'train'.
        target: 'number' to learn the age as a number, with :class:`LinearRegressionHead`; 'class' for one class a year,
            0 to ``max_age``, with a classification head (DEX: Rothe, Timofte and Van Gool, IJCV 2018).
            Defaults to 'number'.
        max_age: the largest age, in years. Defaults to 116.
        fold: which fifth of the keys, by a hash, is for testing, 0 to 4. Defaults to 0.
        **kwargs: arguments of :class:`LabelledFaces`. The published number of faces is that of the whole set.

    Raises:
        ValueError: for another target or fold, or an image whose age is not 0 to ``max_age`` (it is named).
    """

    NAME: ClassVar[Pattern]
    WRITTEN: ClassVar[str]
    FOLDERS: ClassVar[Sequence[str]]

    def __init__(
        self,
        data_root: str,
        split: str = 'train',
        target: str = 'number',
        max_age: int = 116,
        fold: int = 0,
        **kwargs,
    ) -> None:
        if target not in ('number', 'class'):
            raise ValueError(f'target must be number or class, got {target!r}')
        if not isinstance(max_age, int) or max_age < 1:
            raise ValueError(f'max_age must be a whole number of years above 0, got {max_age!r}')
        if fold not in range(FOLDS):
            raise ValueError(f'fold must be 0 to {FOLDS - 1}, got {fold!r}')
        self.target = target
        self.max_age = max_age
        self.fold = fold
        kwargs.setdefault('classes', ('age',) if target == 'number' else tuple(map(str, range(max_age + 1))))
        super().__init__(data_root, split, **kwargs)

    def is_tested(self, match: 're.Match') -> bool:
        """Whether a face is in the test split, by its name; the same on any machine."""
        digest = hashlib.sha1(match['key'].encode('utf-8', 'surrogateescape')).hexdigest()
        return int(digest, 16) % FOLDS == self.fold

    def read_split(self) -> Iterator[Tuple[str, dict]]:
        root = self.image_folder = osp.normpath(self.find(*self.FOLDERS, '.'))
        scan = scan_folder(root, follow_links=self.follow_links)
        tell_left_out(root, scan.left_out)
        self._num_faces = 0
        for path in scan.paths:
            where = osp.join(root, path)
            match = self.NAME.fullmatch(osp.basename(path))
            if match is None:
                self.left_out.add(f'images not named {self.WRITTEN}', where)
                continue
            self._num_faces += 1
            age = integer(match['age'], range(self.max_age + 1), printable(where), 'the age in the name')
            if self.is_tested(match) == (self.split == 'test'):
                label = dict(gt_score=[float(age)]) if self.target == 'number' else dict(gt_label=age)
                yield where, dict(img_path=where, **label)

    def check_count(self, count: int, of: str = '') -> None:
        """The published number is that of both splits."""
        super().check_count(self._num_faces, 'the whole set')
