"""UnlabelledFaces: what the data sets of faces without labels share, wherever the images lie."""

import logging
import os
import posixpath
from typing import Any, List, NamedTuple, Optional, Sequence, Union

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.logging import print_log
from torch.utils.data import get_worker_info

from ...files.printable import printable
from ..replaced_images import ReplacedImages
from ..transforms.face_crop import FaceCrop
from ..transforms.fast_pack_inputs import FastPackInputs
from .checked_settings import checked_number, checked_path
from .face_boxes import read_boxes


class FaceList(NamedTuple):
    """Which images there are.

    Attributes:
        records: one record after the other as bytes, uint8, each `[x y width height ]IMAGE` and a zero.
        archives: files that hold many images, for records that name them by number. Defaults to ().
    """

    records: np.ndarray
    archives: Sequence[str] = ()


class UnlabelledFaces(ReplacedImages):
    """A list of images: {img_path, sample_idx, bbox if there are boxes} -> pipeline.

    The first process makes the list and sends it to the others, so that all hold the same one; every process has to build
    the data set (not only the first). A subclass makes the list (:meth:`list_faces`) and says where the image of a
    record is (:meth:`image`).

    Args:
        data_root: parent of the relative paths below. Defaults to ''.
        data_prefix: where the images are. Defaults to ''.
        ann_file: list of images to use, one name a line. Defaults to '', all images.
        boxes: csv of face boxes (NAME_ID,X,Y,W,H, as VGGFace2's bb_landmark/loose_bb_train.csv, or the table of
            crop_faces.py, of which each face is a sample); an image that it does not name is used whole, one in which
            crop_faces.py found no face is left out. Defaults to '', no boxes.
        box_margin: the ``margin`` of :class:`FaceCrop`, whose square around the box is taken: its side is 1 + margin times
            the longer side of the box. At the border of an image, what there is of the square. Above -1. Defaults to 0.3,
            the share by which VGGFace2's authors widen boxes.
        cache_dir: where the list is kept for the next start. Defaults to None: beside the data if that can be written,
            else in ~/.cache/fra_plugin.
        patience: seconds that a disk that can't be read is waited for. Defaults to 300.
        max_refetch: images in a row that are broken, or for which the pipeline gives None, after which a sample is
            given up. Defaults to 100.
        pipeline: transforms; LoadFace first. Defaults to ().
        indices: use the first n images, or these. Defaults to None.
        test_mode: a broken image is an error instead of being replaced. Defaults to False.
        lazy_init: make the list at the first use instead of now. Defaults to False.
        metainfo: as mmpretrain's BaseDataset. Defaults to None.

    Attributes:
        has_files: whether each image is a file of its own, which transforms of other projects can read.

    Raises:
        TypeError: a path is none.
        ValueError: box_margin <= -1, a negative patience or max_refetch, a transform that reads files where there are none,
            or views that nobody would finish.
        RuntimeError: from an item: the disk stayed away, or `max_refetch` images in a row are broken, or gave None.
        BrokenImageError: from an item in test mode.
    """

    has_files = True

    def __init__(
        self,
        data_root: str = '',
        data_prefix: Union[str, dict] = '',
        ann_file: str = '',
        *,
        boxes: str = '',
        box_margin: float = 0.3,
        cache_dir: Optional[str] = None,
        patience: float = 300.0,
        max_refetch: int = 100,
        pipeline: Sequence = (),
        indices: Union[int, Sequence[int], None] = None,
        test_mode: bool = False,
        lazy_init: bool = False,
        metainfo: Optional[dict] = None,
    ) -> None:
        data_root, ann_file, boxes = (
            checked_path(name, value)
            for name, value in dict(data_root=data_root, ann_file=ann_file, boxes=boxes).items()
        )
        if isinstance(data_prefix, dict):
            data_prefix = {key: checked_path(f'data_prefix[{key!r}]', value) for key, value in data_prefix.items()}
        else:
            data_prefix = checked_path('data_prefix', data_prefix)
        try:
            self.crop = FaceCrop(margin=box_margin)
        except ValueError as error:
            raise ValueError(f'box_{error}') from None
        self.boxes = os.path.join(os.path.expanduser(data_root), os.path.expanduser(boxes)) if boxes else ''
        self.cache_dir = None if cache_dir is None else checked_path('cache_dir', cache_dir)
        self.patience = checked_number('patience', patience, 0)
        self.archives: Sequence[str] = ()
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=os.path.expanduser(data_root),
            data_prefix=data_prefix,
            indices=indices,
            pipeline=pipeline,
            test_mode=test_mode,
            lazy_init=lazy_init,
            max_refetch=checked_number('max_refetch', max_refetch, 0, whole=True),
        )

    def list_faces(self) -> FaceList:
        """All images; called in the first process only."""
        raise NotImplementedError

    def image(self, record: str) -> dict:
        """What a record (without its box) stands for: img_path, and read_bytes where that is no file."""
        raise NotImplementedError

    def full_init(self) -> None:
        """Make the list, or take over that of the first process."""
        if self._fully_initialized:
            return
        self._check_pipeline()
        shared: List[Any] = [None]
        alone = get_worker_info() is not None  # a worker knows the process group, but must not use it
        if alone or is_main_process():
            try:
                shared = [self.list_faces()]
            except (OSError, ValueError) as error:
                shared = [error]  # the others wait: they must get the error too
        if not alone:
            broadcast_object_list(shared)
        if isinstance(shared[0], Exception):
            raise shared[0]
        # The base class's layout: one buffer, and the end of each record in it. Workers share the pages of both.
        self.data_bytes, self.archives = shared[0]
        self.data_address = np.flatnonzero(self.data_bytes == 0) + 1
        self._fully_initialized = True
        is_share = not isinstance(self._indices, int) or abs(self._indices) < len(self.data_address)
        if self._indices is not None and is_share:
            self.data_bytes, self.data_address = self._get_serialized_subset(self._indices)

    def _check_pipeline(self) -> None:
        wrong = [transform for transform in self.pipeline.transforms if isinstance(transform, LoadImageFromFile)]
        if wrong and not self.has_files:
            raise ValueError(
                f'{type(self).__name__}: the pipeline begins with LoadFace, which reads images inside other files; '
                f'{type(wrong[0]).__name__} cannot'
            )
        drawn = any(getattr(transform, 'on_device', False) for transform in self.pipeline.transforms)
        if drawn and not any(isinstance(transform, FastPackInputs) for transform in self.pipeline.transforms):
            raise ValueError(
                'LocatedMultiView(on_device=True) needs FastPackInputs behind it, which hands its draws on; the pipeline ends '
                f'in {type(self.pipeline.transforms[-1]).__name__}'
            )

    def with_boxes(self, records: Sequence[str], names: Sequence[str]) -> List[str]:
        """Records with the boxes that the csv has for their names, or for their names without the extension."""
        boxes = read_boxes(self.boxes)
        records_with_boxes, boxed, whole, without = [], 0, 0, 0
        for record, name in zip(records, names):
            found = boxes.get(name, boxes.get(posixpath.splitext(name)[0]))
            if found is None:
                whole += 1
                records_with_boxes.append(f'-1 -1 0 0 {record}')
                continue
            boxed += len(found)
            without += not found
            records_with_boxes += [f'{x} {y} {width} {height} {record}' for x, y, width, height in found]
        if not boxed:
            raise ValueError(
                f'{printable(self.boxes)}: none of its {sum(map(len, boxes.values())):,} boxes is of an image in '
                f'{printable(self.img_prefix)}; expected NAME_ID such as {printable(posixpath.splitext(names[0])[0])}'
            )
        for count, what in ((whole, 'have no face box and are used whole'), (without, 'show no face and are left out')):
            if count:
                text = f'{printable(self.boxes)}: {count:,} of {len(names):,} images {what}'
                print_log(text, 'current', logging.WARNING)
        return records_with_boxes

    def get_data_info(self, idx: int) -> dict:
        """The sample before the pipeline: img_path, sample_idx, and bbox (x1, y1, x2, y2), the square of the face."""
        self.full_init()
        idx = range(len(self))[idx]
        start = self.data_address[idx - 1] if idx else 0
        record = os.fsdecode(self.data_bytes[start : self.data_address[idx] - 1].tobytes())
        if not self.boxes:
            return dict(self.image(record), sample_idx=idx)
        *box, record = record.split(' ', 4)
        info = dict(self.image(record), sample_idx=idx)
        x, y, width, height = (int(value) for value in box)
        if width:
            square = self.crop.square((x, y, x + width, y + height))
            half = square.side / 2
            info['bbox'] = (square.x - half, square.y - half, square.x + half, square.y + half)
        return info

    def get_cat_ids(self, idx: int) -> List[int]:
        """There is none: ClassBalancedDataset and other users of classes need labelled faces."""
        raise TypeError(f'{type(self).__name__} has no classes; a data set with labels is needed here')


def joined(records: Sequence[str]) -> np.ndarray:
    """Records as FaceList has them."""
    return np.frombuffer(os.fsencode('\0'.join(records) + '\0'), np.uint8)
