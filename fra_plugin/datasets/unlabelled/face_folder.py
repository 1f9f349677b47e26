"""FaceFolder: any tree of face images as a data set without labels."""

import logging
import os
import posixpath
from typing import List, Optional, Sequence, Union

import numpy as np
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.logging import print_log
from mmpretrain.registry import DATASETS
from torch.utils.data import get_worker_info

from ...files.file_hash import sha256
from ...files.printable import printable
from ..image_files import EXTENSIONS
from ..replaced_images import ReplacedImages
from .face_boxes import read_boxes
from .folder_scan import read_list, scan_folder, tell_left_out
from .scan_cache import ScanCache


@DATASETS.register_module()
class FaceFolder(ReplacedImages):
    """A folder of face images: {img_path, sample_idx, bbox if there are boxes} -> pipeline.

    The first process scans the folder and sends the result to the others, so that all hold the same list; every
    process has to build the data set (not only the first). The scan is kept on disk, see ScanCache.

    Example:
        >>> dict(type='FaceFolder', data_root='data/vggface2', data_prefix='train', pipeline=[dict(type='LoadFace')])

    Args:
        data_root: parent of the relative paths below. Defaults to ''.
        data_prefix: the folder, scanned with its sub-folders (VGGFace2's n000002/0001_01.jpg, or flat).
            Defaults to ''.
        ann_file: list of files, one path relative to the folder a line. Defaults to '', all images.
        boxes: csv of face boxes (NAME_ID,X,Y,W,H, as VGGFace2's bb_landmark/loose_bb_train.csv); an image
            that it does not name is used whole. Defaults to '', no boxes.
        box_margin: share of a box's width and height that is added to it, half on each side; 0.3 is what
            VGGFace2's authors train with. At least 0. Defaults to 0.3.
        extensions: endings of image files, in any case. What is in a file must be of one of the formats
            of EXTENSIONS whatever its ending. Defaults to EXTENSIONS.
        follow_links: whether symbolic links in the folder may be followed. Defaults to False.
        cache_dir: where the scan is kept. Defaults to None: beside the folder if that can be written,
            else in ~/.cache/fra_plugin.
        patience: seconds that a disk that can't be read is waited for. Defaults to 300.
        max_refetch: files in a row that are broken, or for which the pipeline gives None, after which a sample is
            given up. Defaults to 100.
        pipeline: transforms; LoadFace first. Defaults to ().
        indices: use the first n images, or these. Defaults to None.
        test_mode: a broken file is an error instead of being replaced. Defaults to False.
        lazy_init: scan at the first use instead of now. Defaults to False.
        metainfo: as mmpretrain's BaseDataset. Defaults to None.

    Raises:
        FileNotFoundError: the folder, the list, the csv or a listed file is missing.
        ValueError: the folder, the list or the csv holds nothing usable; a path leaves the folder; box_margin < 0.
        RuntimeError: from an item: the disk stayed away, or `max_refetch` files in a row are broken, or gave None.
        BrokenImageError: from an item in test mode.
    """

    def __init__(
        self,
        data_root: str = '',
        data_prefix: Union[str, dict] = '',
        ann_file: str = '',
        *,
        boxes: str = '',
        box_margin: float = 0.3,
        extensions: Sequence[str] = EXTENSIONS,
        follow_links: bool = False,
        cache_dir: Optional[str] = None,
        patience: float = 300.0,
        max_refetch: int = 100,
        pipeline: Sequence = (),
        indices: Union[int, Sequence[int], None] = None,
        test_mode: bool = False,
        lazy_init: bool = False,
        metainfo: Optional[dict] = None,
    ) -> None:
        if box_margin < 0:
            raise ValueError(f'box_margin is a share of the box, at least 0, got {box_margin}')
        self.boxes = os.path.join(os.path.expanduser(data_root), os.path.expanduser(boxes)) if boxes else ''
        self.box_margin = box_margin
        self.extensions = tuple(sorted({extension.lower() for extension in extensions}))
        self.follow_links = follow_links
        self.cache_dir = cache_dir
        self.patience = patience
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=os.path.expanduser(data_root),
            data_prefix=data_prefix,
            indices=indices,
            pipeline=pipeline,
            test_mode=test_mode,
            lazy_init=lazy_init,
            max_refetch=max_refetch,
        )

    def full_init(self) -> None:
        """Scan the folder, or take over the scan of the first process."""
        if self._fully_initialized:
            return
        shared: List = [None]
        alone = get_worker_info() is not None  # a worker knows the process group, but must not use it
        if alone or is_main_process():
            try:
                shared = [self._records()]
            except (OSError, ValueError) as error:
                shared = [error]  # the others wait: they must get the error too
        if not alone:
            broadcast_object_list(shared)
        if isinstance(shared[0], Exception):
            raise shared[0]
        # The base class's layout: one buffer, and the end of each record in it. Workers share the pages of both.
        self.data_bytes = shared[0]
        self.data_address = np.flatnonzero(self.data_bytes == 0) + 1
        self._fully_initialized = True
        is_share = not isinstance(self._indices, int) or abs(self._indices) < len(self.data_address)
        if self._indices is not None and is_share:
            self.data_bytes, self.data_address = self._get_serialized_subset(self._indices)

    def _records(self) -> np.ndarray:
        """All images as bytes, `[x y width height ]path` and a zero each, from the cache or the folder."""
        folder = self.img_prefix
        if not os.path.exists(folder):
            raise FileNotFoundError(
                f'{printable(folder) or "data_prefix"}: no such folder; expected a folder of face images, flat or with '
                f'sub-folders such as n000002/0001_01.jpg (data_root and data_prefix)'
            )
        if not os.path.isdir(folder):
            raise NotADirectoryError(f'{printable(folder)}: expected a folder of face images, this is a file')
        sources = [(path, sha256(path)) for path in (self.ann_file, self.boxes) if os.path.isfile(path)]
        cache = ScanCache(folder, repr((self.extensions, self.follow_links, sources)), self.cache_dir)
        cached = cache.load()
        if cached is not None:
            records, left_out = cached
            tell_left_out(folder, left_out)
            return records
        if self.ann_file:
            scan = read_list(self.ann_file, folder, self.follow_links)
        else:
            scan = scan_folder(folder, self.extensions, self.follow_links)
        tell_left_out(folder, scan.left_out)
        paths = self._with_boxes(scan.paths) if self.boxes else scan.paths
        records = np.frombuffer(os.fsencode('\0'.join(paths) + '\0'), np.uint8)
        cache.save(records, scan)
        return records

    def _with_boxes(self, paths: List[str]) -> List[str]:
        boxes = read_boxes(self.boxes)
        whole = '-1 -1 0 0 '
        records, found = [], 0
        for path in paths:
            box = boxes.get(path) or boxes.get(posixpath.splitext(path)[0])
            found += box is not None
            records.append((f'{box[0]} {box[1]} {box[2]} {box[3]} ' if box else whole) + path)
        if not found:
            raise ValueError(
                f'{printable(self.boxes)}: none of its {len(boxes):,} boxes is of an image in '
                f'{printable(self.img_prefix)}; expected NAME_ID such as {printable(posixpath.splitext(paths[0])[0])}'
            )
        if found < len(paths):
            print_log(
                f'{printable(self.boxes)}: {len(paths) - found:,} of {len(paths):,} images have no face box and are used whole',
                'current',
                logging.WARNING,
            )
        return records

    def get_data_info(self, idx: int) -> dict:
        """The sample before the pipeline: img_path, sample_idx, and bbox (x1, y1, x2, y2), margin included."""
        self.full_init()
        idx = range(len(self))[idx]
        start = self.data_address[idx - 1] if idx else 0
        record = os.fsdecode(self.data_bytes[start : self.data_address[idx] - 1].tobytes())
        if not self.boxes:
            return dict(img_path=os.path.join(self.img_prefix, record), sample_idx=idx)
        *box, path = record.split(' ', 4)
        info = dict(img_path=os.path.join(self.img_prefix, path), sample_idx=idx)
        x, y, width, height = (int(value) for value in box)
        if width:
            dx, dy = width * self.box_margin / 2, height * self.box_margin / 2
            info['bbox'] = (x - dx, y - dy, x + width + dx, y + height + dy)
        return info

    def get_cat_ids(self, idx: int) -> List[int]:
        """There is none: ClassBalancedDataset and other users of classes need labelled faces."""
        raise TypeError('FaceFolder has no classes; a data set with labels is needed here')
