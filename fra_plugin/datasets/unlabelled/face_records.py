"""FaceRecords: the faces of an MXNet record file, such as MS1MV3's train.rec, as a data set without labels."""

import os
from functools import partial
from typing import Dict, List, Union

from mmpretrain.registry import DATASETS

from ...files.printable import printable
from ..annotation_file import is_integer, text_lines
from ..transforms.load_face import BrokenImageError
from .open_files import OpenFiles
from .record_file import RecordIndex, images_in, read_index, read_record, split_record
from .unlabelled_faces import FaceList, UnlabelledFaces, joined


@DATASETS.register_module()
class FaceRecords(UnlabelledFaces):
    """`train.rec` and `train.idx`: {img_path, read_bytes, sample_idx, bbox if there are boxes} -> pipeline.

    For the packs of InsightFace (MS1MV2, MS1MV3, Glint360K, CASIA-WebFace, WebFace) and all that im2rec makes of image
    files. MXNet is not needed. The records that describe identities are left out, and no label is read. The index file is
    read at each start (a second for 3.3 million faces); nothing is kept beside it. A face is read from its place in the
    record file when it is wanted, so shuffling costs no more than with files. A damaged record is a broken image.

    `img_path` is `train.rec/KEY` here, to be named in messages; LoadFace reads the face by `read_bytes`.

    Example:
        >>> dict(type='FaceRecords', data_root='data/ms1mv3', pipeline=[dict(type='LoadFace')])

    Args:
        data_root: parent of the relative paths below. Defaults to ''.
        data_prefix: the record file; the index lies beside it, with the ending .idx. Defaults to 'train.rec'.
        ann_file: list of faces to use, one key a line. Defaults to '', all of them.
        **kwargs: boxes (NAME_ID is the key), patience and all other settings of :class:`UnlabelledFaces`.

    Raises:
        FileNotFoundError: the record file, its index, the list or the csv is missing.
        ValueError: the index, the list or the csv is damaged, or the record file is not the one of the index.
        RuntimeError: from an item: the disk stayed away, or `max_refetch` records in a row are broken, or gave None.
        BrokenImageError: from an item in test mode.
    """

    has_files = False

    def __init__(
        self, data_root: str = '', data_prefix: Union[str, dict] = 'train.rec', ann_file: str = '', **kwargs
    ) -> None:
        self.files = OpenFiles()
        super().__init__(data_root, data_prefix, ann_file, **kwargs)

    def list_faces(self) -> FaceList:
        """All faces, from the index file; a record is the key, a tab and the byte where the face's record begins."""
        path = self.img_prefix
        if not os.path.isfile(path):
            raise FileNotFoundError(
                f'{printable(path)}: no such file; expected a record file such as train.rec (data_root and data_prefix)'
            )
        index_path = f'{os.path.splitext(path)[0]}.idx'
        index = images_in(self.files, path, read_index(index_path), index_path)
        if not self.ann_file and not self.boxes:
            return FaceList(index.text)
        names = self._listed(index) if self.ann_file else [str(key) for key in index.keys.tolist()]
        offsets = _offsets(index)
        records = [f'{name}\t{offsets[name]}' for name in names]
        return FaceList(joined(self.with_boxes(records, names) if self.boxes else records))

    def _listed(self, index: RecordIndex) -> List[str]:
        offsets, names = _offsets(index), []
        for where, line in text_lines(self.ann_file):
            name = str(int(line)) if is_integer(line) else line
            if name not in offsets:
                raise ValueError(
                    f'{where}: expected the key of a face in {printable(self.img_prefix)}, '
                    f'{index.keys.min()} to {index.keys.max()}, got {line[:40]!r}'
                )
            names.append(name)
        if not names:
            raise ValueError(f'{self.ann_file}: the list is empty; expected one key a line')
        return names

    def image(self, record: str) -> dict:
        key, offset = record.split('\t')
        name = f'{self.img_prefix}/{key}'
        return dict(img_path=name, read_bytes=partial(_read_face, self.files, self.img_prefix, int(offset), name))


def _read_face(files: OpenFiles, path: str, offset: int, name: str) -> bytes:
    try:
        _, image = split_record(read_record(files, path, offset))
    except ValueError as error:
        raise BrokenImageError(name, str(error)) from None
    if not image:
        raise BrokenImageError(name, 'the record holds no image')
    return image


def _offsets(index: RecordIndex) -> Dict[str, int]:
    return {str(key): offset for key, offset in zip(index.keys.tolist(), index.offsets.tolist())}
