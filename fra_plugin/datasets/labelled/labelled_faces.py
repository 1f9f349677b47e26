"""What the labelled data sets share: an official folder, its splits, and counts checked against the published ones."""

import os.path as osp
from typing import Dict, Iterator, List, Tuple

from mmengine.logging import MMLogger

from ..annotation_file import existing_images, find
from ..image_files import LeftOut
from ..replaced_images import ReplacedImages


class LabelledFaces(ReplacedImages):
    """Official folder -> :meth:`read_split` -> ``img_path`` and ``gt_label`` (or ``gt_score``) of each face.

    A subclass names the classes in ``METAINFO``, the published number of faces of each split in ``OFFICIAL_COUNTS``,
    and yields the faces in :meth:`read_split`, where it sets ``image_folder`` and counts in ``left_out`` what it does not
    yield, by the reason.

    Args:
        data_root: folder of the data set as its authors hand it out.
        split: a key of ``OFFICIAL_COUNTS``. Defaults to 'train'.
        strict_counts: refuse a split whose number of faces is not the published one. Defaults to False, a warning in
            the log, as a smaller set can be meant.
        follow_links: whether a listed path may leave the image folder by a symbolic link. Defaults to False.
        max_missing: share of a training split's images that may be missing: they are left out and counted in the log. In
            evaluation none may. Defaults to 0.05.
        **kwargs: ``pipeline`` and the other arguments of mmpretrain's ``BaseDataset``. ``test_mode`` defaults to True
            for all splits but 'train'.

    Raises:
        ValueError: for an unknown split, a line that can't be read (file and line are named), a path that leaves the
            folder, a split without faces, or a wrong number of faces with ``strict_counts``.
        FileNotFoundError: for a missing file, with what was expected, or for missing images.
    """

    OFFICIAL_COUNTS: Dict[str, int] = {}

    def __init__(
        self,
        data_root: str,
        split: str = 'train',
        strict_counts: bool = False,
        follow_links: bool = False,
        max_missing: float = 0.05,
        **kwargs,
    ) -> None:
        if split not in self.OFFICIAL_COUNTS:
            raise ValueError(f'{type(self).__name__} has the splits {", ".join(self.OFFICIAL_COUNTS)}, got {split!r}')
        self.split = split
        if not 0 <= max_missing < 1:
            raise ValueError(f'max_missing must be in [0, 1), got {max_missing}')
        self.strict_counts = strict_counts
        self.follow_links = follow_links
        self.max_missing = max_missing
        self.image_folder = data_root
        self.left_out = LeftOut()
        kwargs.setdefault('test_mode', split != 'train')
        super().__init__(ann_file='', data_root=osp.expanduser(data_root), **kwargs)

    def read_split(self) -> Iterator[Tuple[str, dict]]:
        """The faces of the split: where each is annotated (``file:line``), and its fields."""
        raise NotImplementedError

    def load_data_list(self) -> List[dict]:
        """Read the split and check it: every image exists, and the number of faces is the published one."""
        samples = list(self.read_split())
        if not samples:
            raise ValueError(f'{type(self).__name__}: no face of the split {self.split!r} in {self.data_root}')
        if self.left_out:
            MMLogger.get_current_instance().info(f'{type(self).__name__}, {self.split}: left out: {self.left_out}')
        files = [(data['img_path'], where) for where, data in samples if 'img' not in data]
        max_missing = 0 if self.test_mode else self.max_missing
        found = existing_images(files, self.image_folder, self.follow_links, max_missing)
        data_list = [data for _, data in samples if 'img' in data or data['img_path'] in found]
        self.check_count(len(data_list))
        return data_list

    def check_count(self, count: int, of: str = '') -> None:
        """Report (or refuse) a number of faces other than the published one; ``of`` says what was counted."""
        expected = self.OFFICIAL_COUNTS[self.split]
        if count == expected:
            return
        of = of or f'the split {self.split!r}'
        message = f'{type(self).__name__}: {of} in {self.data_root} has {count:,} faces, the official one {expected:,}'
        if self.strict_counts:
            raise ValueError(message)
        MMLogger.get_current_instance().warning(f'{message}: results are not comparable with published ones')

    def get_cat_ids(self, idx: int) -> List[int]:
        """Class of face ``idx``, or all attributes that it has."""
        return categories(self.get_data_info(idx))

    def find(self, *candidates: str) -> str:
        """The first of the candidates that exists under ``data_root``."""
        return find(self.data_root, candidates)


def categories(data: dict) -> List[int]:
    """The label of a face as a list, or the indices of the attributes that it has."""
    if 'gt_label' in data:
        return [data['gt_label']]
    return [index for index, score in enumerate(data['gt_score']) if score > 0]
