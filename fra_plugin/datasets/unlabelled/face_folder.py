"""FaceFolder: any tree of face images as a data set without labels."""

import os
from typing import Sequence, Union

from mmpretrain.registry import DATASETS

from ...files.file_hash import sha256
from ...files.printable import printable
from ..image_files import EXTENSIONS
from .checked_settings import checked_endings
from .folder_scan import DEAD_LINKS, read_list, scan_folder, tell_left_out
from .folder_stamp import folder_stamps, reason_for_distrust
from .scan_cache import ScanCache
from .unlabelled_faces import FaceList, UnlabelledFaces, joined


@DATASETS.register_module()
class FaceFolder(UnlabelledFaces):
    """A folder of face images: {img_path, sample_idx, bbox if there are boxes} -> pipeline.

    The folder is scanned, and the scan is kept on disk, see ScanCache. The first process scans for all of them.

    Example:
        >>> dict(type='FaceFolder', data_root='data/vggface2', data_prefix='train', pipeline=[dict(type='LoadFace')])

    Args:
        data_root: parent of the relative paths below. Defaults to ''.
        data_prefix: the folder, scanned with its sub-folders (VGGFace2's n000002/0001_01.jpg, or flat).
            Defaults to ''.
        ann_file: list of files, one path relative to the folder a line. Defaults to '', all images.
        extensions: endings of image files, in any case. What is in a file must be of one of the formats
            of EXTENSIONS whatever its ending. Defaults to EXTENSIONS.
        follow_links: whether symbolic links in the folder may be followed. Defaults to False.
        **kwargs: boxes, cache, patience and all other settings of :class:`UnlabelledFaces`.

    Raises:
        FileNotFoundError: the folder, the list, the csv or a listed file is missing.
        ValueError: the folder, the list or the csv holds nothing usable; a path leaves the folder; box_margin <= -1.
        RuntimeError: from an item: the disk stayed away, or `max_refetch` files in a row are broken, or gave None.
        BrokenImageError: from an item in test mode.
    """

    def __init__(
        self,
        data_root: str = '',
        data_prefix: Union[str, dict] = '',
        ann_file: str = '',
        *,
        extensions: Sequence[str] = EXTENSIONS,
        follow_links: bool = False,
        **kwargs,
    ) -> None:
        self.extensions = checked_endings(extensions)
        self.follow_links = follow_links
        super().__init__(data_root, data_prefix, ann_file, **kwargs)

    def list_faces(self) -> FaceList:
        """All images, from the cache or the folder; a record is a path."""
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
        cached = cache.load(folder_stamps)
        # The cache may have come with the data: it must not lead out of the folder either. (A folder whose name ends in
        # '..' or a blank looks the same here, and is scanned every time.)
        if cached is not None and not _leads_out(cached.records.tobytes()):
            tell_left_out(folder, cached.left_out)
            return FaceList(cached.records)
        if self.ann_file:
            scan = read_list(self.ann_file, folder, self.follow_links)
        else:
            scan = scan_folder(folder, self.extensions, self.follow_links)
        tell_left_out(folder, scan.left_out)
        records = joined(self.with_boxes(scan.paths, scan.paths) if self.boxes else scan.paths)
        distrust = reason_for_distrust(folder, scan.stamps)
        if DEAD_LINKS in scan.left_out:  # no folder here changes when the disk behind them comes back
            distrust = f'there are {DEAD_LINKS}'
        cache.save(records, scan.stamps, scan.left_out, distrust)
        return FaceList(records)

    def image(self, record: str) -> dict:
        return dict(img_path=os.path.join(self.img_prefix, record))


def _leads_out(records: bytes) -> bool:
    return records.startswith(b'/') or any(part in records for part in (b'\0/', b' /', b'../'))
