"""A user's own labelled faces: a folder for each class."""

import os
import os.path as osp
from typing import Iterator, List, Optional, Sequence, Set, Union

from mmengine.logging import MMLogger
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from ..image_files import HIDDEN, OTHER, SYSTEM, LeftOut, is_image_name, is_user_folder

_LINKS = 'symbolic links (follow_links=True takes them)'
_STRAY = 'images outside a class folder'
_UNREADABLE = 'folders that can not be read'


@DATASETS.register_module()
class ClassFolders(BaseDataset):
    """``<data_root>/<data_prefix>/CLASS/**/*.jpg`` -> ``img_path`` and ``gt_label``, the place of the class by name.

    The classes are numbered as mmpretrain's ``CustomDataset`` does, but a split without one of them keeps the numbers of
    the training split, and what is hidden or of the system is no class. The log tells what is left out.

    Example:
        >>> dict(type='ClassFolders', data_root='data/my_faces', data_prefix='val', classes_from='train', test_mode=True)

    Args:
        data_root: folder of the data set. Defaults to '', the current folder.
        data_prefix: folder with a folder for each class, relative to ``data_root``. Defaults to '', ``data_root`` itself.
        classes_from: such a folder whose classes are taken: that of the training split, so that all splits number them
            alike. Relative to ``data_root``. Defaults to '', ``data_prefix``.
        classes: names of the class folders in the order of their numbers. Defaults to None: all, in alphabetical order.
        follow_links: whether symbolic links are followed. Defaults to False.
        **kwargs: ``pipeline`` and the other arguments of mmpretrain's ``BaseDataset``.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: for a folder that is no class, a class given that has no folder anywhere, or no image at all.
    """

    def __init__(
        self,
        data_root: str = '',
        data_prefix: Union[str, dict] = '',
        classes_from: str = '',
        classes: Optional[Sequence[str]] = None,
        follow_links: bool = False,
        **kwargs,
    ) -> None:
        if classes and classes_from:
            raise ValueError('the classes of ClassFolders are given twice, by classes and by classes_from')
        data_root = osp.expanduser(data_root)
        self.classes_from = osp.join(data_root, osp.expanduser(classes_from)) if classes_from else ''
        self.follow_links = follow_links
        super().__init__('', data_root=data_root, data_prefix=data_prefix, classes=classes, **kwargs)

    def load_data_list(self) -> List[dict]:
        left_out = LeftOut()
        root = self.img_prefix or '.'
        folders = self._class_folders(root, left_out)
        if not self.CLASSES:
            of_training = self._class_folders(self.classes_from, LeftOut()) if self.classes_from else folders
            self._metainfo['classes'] = tuple(of_training)
        strange = [name for name in folders if name not in self.CLASSES]
        if strange:
            raise ValueError(
                f'{root}: {", ".join(strange)} is no class; '
                f'{f"those of {self.classes_from}" if self.classes_from else "the classes"} are {", ".join(self.CLASSES)}'
            )
        data_list, empty = [], []
        for label, name in enumerate(self.CLASSES):
            paths = sorted(self._images(osp.join(root, name), left_out)) if name in folders else []
            data_list += [dict(img_path=path, gt_label=label) for path in paths]
            if not paths:
                empty.append(name)
        told = f'{root}: left out: {left_out}' if left_out else ''
        if not data_list:
            raise ValueError(f'{root}: no image in a folder for each class, such as anger/1.jpg; {told}'.rstrip('; '))
        logger = MMLogger.get_current_instance()
        if told:
            logger.warning(told)
        if empty:
            logger.warning(f'{root}: no image of the classes {", ".join(empty)}')
        return data_list

    def _class_folders(self, root: str, left_out: LeftOut) -> List[str]:
        """Names of the class folders, in alphabetical order."""
        if not osp.isdir(root):
            raise FileNotFoundError(f'{root}: no such folder; expected a folder with a folder for each class')
        with os.scandir(root) as entries:
            entries = sorted(entries, key=lambda entry: entry.name)
        names = []
        for entry in entries:
            if entry.is_symlink() and not self.follow_links:
                left_out.add(_LINKS, entry.name)
            elif not entry.is_dir():
                left_out.add(_STRAY if is_image_name(entry.name) else _reason(entry.name), entry.name)
            elif is_user_folder(entry.name):
                names.append(entry.name)
            else:
                left_out.add(HIDDEN if entry.name[0] == '.' else SYSTEM, entry.name)
        return names

    def _images(self, folder: str, left_out: LeftOut, visited: Optional[Set[str]] = None) -> Iterator[str]:
        """Paths of the images in a class folder and in the folders below it."""
        visited = visited or set()
        real = osp.realpath(folder)
        if real in visited:  # a link to a folder above would never end
            return
        try:
            with os.scandir(folder) as entries:
                entries = list(entries)
        except PermissionError:
            left_out.add(_UNREADABLE, folder)
            return
        for entry in entries:
            if entry.is_symlink() and not self.follow_links:
                left_out.add(_LINKS, entry.path)
            elif entry.is_dir():
                if is_user_folder(entry.name):
                    yield from self._images(entry.path, left_out, visited | {real})
                else:
                    left_out.add(HIDDEN if entry.name[0] == '.' else SYSTEM, entry.path)
            elif entry.is_file() and is_image_name(entry.name):
                yield entry.path
            else:
                left_out.add(_reason(entry.name), entry.path)


def _reason(name: str) -> str:
    return HIDDEN if name[0] == '.' else OTHER
