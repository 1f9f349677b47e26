"""FaceTar: the face images in uncompressed tar files as a data set without labels."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Dict, List, NamedTuple, Sequence, Union

import numpy as np
from mmengine.logging import print_log
from mmpretrain.registry import DATASETS

from ...files.file_hash import sha256
from ...files.printable import printable
from ..annotation_file import text_lines
from ..image_files import EXTENSIONS, HIDDEN, OTHER, SYSTEM, LeftOut, is_user_folder
from ..transforms.load_face import BrokenImageError
from .checked_settings import checked_endings, checked_path
from .folder_scan import PROGRESS_SECONDS, tell_left_out
from .folder_stamp import THREADS, folder_stamps
from .open_files import OpenFiles
from .scan_cache import ScanCache
from .tar_file import files_in, read_file
from .unlabelled_faces import FaceList, UnlabelledFaces, joined


class TarIndex(NamedTuple):
    """Records, `ARCHIVE OFFSET SIZE NAME` and a zero each, and what was left out."""

    records: bytearray
    left_out: LeftOut


@DATASETS.register_module()
class FaceTar(UnlabelledFaces):
    """One tar file or a folder of them: {img_path, read_bytes, sample_idx, bbox if there are boxes} -> pipeline.

    For archives as they are downloaded and for WebDataset's shards, if they are not compressed. Nothing is unpacked: one walk
    through each archive finds where its images are. This index is kept on disk as FaceFolder's scan is, and made again when an
    archive has changed. An image is read from its place when it is wanted, so shuffling and exact resume work as with
    files. An image whose place holds something else by then is a broken image.

    `img_path` is `faces.tar/NAME` here, to be named in messages; LoadFace reads the image by `read_bytes`.

    Example:
        >>> dict(type='FaceTar', data_root='data/vggface2', data_prefix='train.tar', pipeline=[dict(type='LoadFace')])

    Args:
        data_root: parent of the relative paths below. Defaults to ''.
        data_prefix: a tar file, or a folder whose files that end in .tar are taken in the order of their names. Images
            have the order that they have there. Defaults to ''.
        ann_file: list of images to use, one name a line: `n000002/0001_01.jpg` as in the archive, or
            `shard-000.tar/0001.jpg` with a folder of archives. Defaults to '', all images.
        folder: folder in the archives. Only images in it are used, and their names are relative to it. Defaults to
            '', all images.
        extensions: endings of image files, as in FaceFolder. Defaults to EXTENSIONS.
        **kwargs: boxes (NAME_ID is the name of an image, as above), cache, patience and all other settings of
            :class:`UnlabelledFaces`.

    Raises:
        FileNotFoundError: the archive, the folder, the list or the csv is missing, or an archive lacks a listed image.
        ValueError: an archive is compressed, cut off or none; there is no image; the list or the csv is damaged.
        RuntimeError: from an item: the disk stayed away, or `max_refetch` images in a row are broken, or gave None.
        BrokenImageError: from an item in test mode.
    """

    has_files = False

    def __init__(
        self,
        data_root: str = '',
        data_prefix: Union[str, dict] = '',
        ann_file: str = '',
        *,
        folder: str = '',
        extensions: Sequence[str] = EXTENSIONS,
        **kwargs,
    ) -> None:
        self.folder = checked_path('folder', folder).strip('/')
        self.extensions = checked_endings(extensions)
        self.files = OpenFiles()
        super().__init__(data_root, data_prefix, ann_file, **kwargs)

    def _join_prefix(self) -> None:
        super()._join_prefix()
        self.data_prefix = {key: path.rstrip('/') for key, path in self.data_prefix.items()}

    def list_faces(self) -> FaceList:
        """All images, from the cache or the archives; a record is `ARCHIVE OFFSET SIZE NAME`, the archive as a number."""
        paths = self._archives()
        parent, names = os.path.dirname(paths[0]), [os.path.basename(path) for path in paths]
        sources = [(path, sha256(path)) for path in (self.ann_file, self.boxes) if os.path.isfile(path)]
        cache = ScanCache(self.img_prefix, repr((names, self.folder, self.extensions, sources)), self.cache_dir)
        cached = cache.load(lambda root, cached_names: folder_stamps(parent, cached_names))
        if cached is not None:
            tell_left_out(self.img_prefix, cached.left_out)
            return FaceList(cached.records, paths)
        stamps = dict(zip(names, folder_stamps(parent, names)))  # before the walk, so that a change in between is one
        index = self._index(paths)
        tell_left_out(self.img_prefix, str(index.left_out))
        records = self._chosen(index.records, paths) if self.ann_file or self.boxes else _as_array(index.records)
        cache.save(
            records, stamps, str(index.left_out), 'an archive has just changed' if None in stamps.values() else ''
        )
        return FaceList(records, paths)

    def _archives(self) -> List[str]:
        path = self.img_prefix
        if os.path.isfile(path):
            return [path]
        if not os.path.isdir(path):
            raise FileNotFoundError(
                f'{printable(path) or "data_prefix"}: no such file or folder; expected a tar file, or a folder of tar files '
                f'(data_root and data_prefix)'
            )
        names = sorted(name for name in os.listdir(path) if name[0] != '.')
        tars = [os.path.join(path, name) for name in names if name.lower().endswith('.tar')]
        if not tars:
            compressed = [name for name in names if name.lower().endswith(('.tar.gz', '.tgz', '.tar.bz2', '.tar.xz'))]
            hint = (
                f'; {printable(compressed[0])} is compressed: unpack the compression (gunzip) first'
                if compressed
                else ''
            )
            raise ValueError(f'{printable(path)}: expected files that end in .tar, found none of them{hint}')
        return tars

    def _index(self, paths: Sequence[str]) -> TarIndex:
        index = TarIndex(bytearray(), LeftOut())
        with ThreadPoolExecutor(THREADS) as pool:  # a network disk answers several at once
            for part in pool.map(self._index_one, paths, range(len(paths))):
                index.records.extend(part.records)
                index.left_out.update(part.left_out)
        if not index.records:
            where = f'{printable(self.img_prefix)}' + (f', folder {self.folder!r}' if self.folder else '')
            raise ValueError(
                f'{where}: no image found in {len(paths):,} archives; expected files ending in '
                f'{", ".join(self.extensions)}' + (f'; left out: {index.left_out}' if index.left_out else '')
            )
        return index

    def _index_one(self, path: str, number: int) -> TarIndex:
        records, left_out = bytearray(), LeftOut()
        above = os.fsencode(self.folder) + b'/' if self.folder else b''
        endings = tuple(os.fsencode(extension) for extension in self.extensions)
        reasons: Dict[bytes, str] = {}  # by folder
        last = time.monotonic()
        for count, (name, offset, size) in enumerate(files_in(path, left_out)):
            if name.startswith((b'./', b'/')):
                name = name.lstrip(b'/') if name.startswith(b'/') else name[2:]
            if above:
                if not name.startswith(above):
                    continue
                name = name[len(above) :]
            folder, _, file = name.rpartition(b'/')
            reason = reasons.get(folder)
            if reason is None:
                reason = reasons[folder] = _reason_for_folder(os.fsdecode(folder))
            if reason or file.startswith(b'.') or not file.lower().endswith(endings):
                left_out.add(reason or (HIDDEN if file.startswith(b'.') else OTHER), os.fsdecode(name))
                continue
            records += b'%d %d %d %b\0' % (number, offset, size, name)
            if not count & 4095 and time.monotonic() - last > PROGRESS_SECONDS:
                last = time.monotonic()
                print_log(f'Indexing {printable(path)}: {count:,} files, {offset >> 20:,} MiB', 'current')
        return TarIndex(records, left_out)

    def _chosen(self, index: bytearray, paths: Sequence[str]) -> np.ndarray:
        records = os.fsdecode(bytes(index[:-1])).split('\0')
        names = [self._name(record, paths) for record in records]
        if self.ann_file:
            places = {name: place for place, name in enumerate(names)}
            listed = []
            for where, line in text_lines(self.ann_file, errors='surrogateescape'):
                if line not in places:
                    raise FileNotFoundError(f'{where}: {line!r} is not in {printable(self.img_prefix)}')
                listed.append(places[line])
            if not listed:
                raise ValueError(f'{self.ann_file}: the list is empty; expected one name in the archive a line')
            records, names = [records[place] for place in listed], [names[place] for place in listed]
        return joined(self.with_boxes(records, names) if self.boxes else records)

    def _name(self, record: str, paths: Sequence[str]) -> str:
        """What lists and boxes call an image: with its archive where there are several."""
        number, _, _, name = record.split(' ', 3)
        return name if paths[0] == self.img_prefix else f'{os.path.basename(paths[int(number)])}/{name}'

    def image(self, record: str) -> dict:
        number, offset, size, name = record.split(' ', 3)
        archive = self.archives[int(number)]
        path = '/'.join(part for part in (archive, self.folder, name) if part)
        read = partial(_read_face, self.files, archive, (int(offset), int(size)), path)
        return dict(img_path=path, read_bytes=read)


def _reason_for_folder(path: str) -> str:
    for name in path.split('/') if path else ():
        if not is_user_folder(name):
            return HIDDEN if name[:1] == '.' else SYSTEM
    return ''


def _as_array(records: bytearray) -> np.ndarray:
    return np.frombuffer(records, np.uint8)


def _read_face(files: OpenFiles, archive: str, place, name: str) -> bytes:
    try:
        return read_file(files, archive, *place)
    except ValueError as error:
        raise BrokenImageError(name, str(error)) from None
