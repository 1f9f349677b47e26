"""A user's own labelled faces: a folder for each class."""

import os
import os.path as osp
from typing import List, Optional, Sequence, Union

from mmengine.logging import MMLogger
from mmpretrain.registry import DATASETS

from ...files.printable import printable
from ..image_files import is_user_folder
from ..replaced_images import ReplacedImages
from ..unlabelled.folder_scan import scan_folder, tell_left_out


@DATASETS.register_module()
class ClassFolders(ReplacedImages):
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
        root = self.img_prefix or '.'
        folders = class_folders(root, self.follow_links)
        if not self.CLASSES:
            of_training = class_folders(self.classes_from, self.follow_links) if self.classes_from else folders
            self._metainfo['classes'] = tuple(of_training)
        labels = self.class_to_idx
        strange = [name for name in folders if name not in labels]
        if strange:
            known = f'those of {self.classes_from}' if self.classes_from else 'the classes'
            raise ValueError(f'{root}: {", ".join(strange)} is no class; {known} are {", ".join(labels)}')
        scan = scan_folder(root, follow_links=self.follow_links)
        tell_left_out(root, scan.left_out)
        of_class = [(path.partition('/')[0], osp.join(root, path)) for path in scan.paths if '/' in path]
        logger = MMLogger.get_current_instance()
        stray = len(scan.paths) - len(of_class)
        if stray:
            logger.warning(f'{root}: left out: {stray:,} images outside a class folder')
        empty = sorted(set(labels) - {name for name, _ in of_class})
        if empty:
            logger.warning(f'{root}: no image of the classes {", ".join(empty)}')
        if not of_class:
            raise ValueError(f'{root}: no image in a folder for each class, such as anger/1.jpg')
        return [dict(img_path=path, gt_label=labels[name]) for name, path in of_class]


def class_folders(root: str, follow_links: bool) -> List[str]:
    """Names of the folders in a folder that may be classes, in alphabetical order.

    Raises:
        FileNotFoundError: if there is no such folder.
    """
    if not osp.isdir(root):
        raise FileNotFoundError(f'{printable(root)}: no such folder; expected a folder with a folder for each class')
    with os.scandir(root) as entries:
        return sorted(
            entry.name
            for entry in entries
            if entry.is_dir() and is_user_folder(entry.name) and (follow_links or not entry.is_symlink())
        )
