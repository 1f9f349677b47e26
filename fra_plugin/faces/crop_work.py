"""One photo after another, or several at a time in processes: read it, find its faces, cut them out, note them."""

import os
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import torch

from ..datasets.transforms.face_crop import FaceCrop
from ..datasets.transforms.load_face import BrokenImageError, LoadFace
from ..files.file_name import fitting_name
from ..files.picture_file import write_picture
from ..files.printable import printable
from ..process_pool import process_pool
from .detector import DetectedFace, Detector
from .detectors import find_detector
from .face_table import face_row

CROPS = 'images'
WRITABLE = ('.jpg', '.jpeg', '.png', '.bmp', '.webp')
NO_FACE = 'no face'
JPEG_QUALITY = 95


class CropWork(NamedTuple):
    """What a process needs."""

    photos: Path
    crops: Optional[Path]
    crop: FaceCrop
    keep: str
    detector: Sequence[str]
    settings: dict


_process: dict = {}


def _start(work: CropWork) -> None:
    """Once a process."""
    torch.set_num_threads(1)  # those of the parent do not exist in a forked process, which would wait for them
    _prepare(work)


def _prepare(work: CropWork) -> None:
    _process.update(work=work, detector=find_detector(*work.detector, **work.settings), load=LoadFace())


def _one(source: str) -> List[dict]:
    """The rows of a photo, whose crops are written."""
    work: CropWork = _process['work']
    detector: Detector = _process['detector']
    try:
        photo = _process['load'](dict(img_path=str(work.photos / source)))['img']
    except (BrokenImageError, OSError) as error:
        reason = error.reason if isinstance(error, BrokenImageError) else error.strerror
        return [dict(source=source, problem=f'broken: {reason}')]
    rows = []
    for number, face in enumerate(kept_faces(detector(photo), photo.shape, work.keep)):
        square, name = work.crop.square(face.box, face.points), ''
        if work.crops is not None:
            name = crop_name(source, None if work.keep != 'all' else number)
            write_picture(work.crops / name, work.crop.warp(photo, square), JPEG_QUALITY)
        rows.append(face_row(source, number, face, square, name and f'{CROPS}/{name}'))
    return rows or [dict(source=source, problem=NO_FACE)]


def crop_name(source: str, number: Optional[int]) -> str:
    """Name of the crop of a photo's face; None: the only one. It is not longer than the disk takes."""
    stem, ending = os.path.splitext(source)
    if ending.lower() not in WRITABLE:
        stem, ending = source, '.png'
    folder, name = os.path.split(f'{stem}{ending}' if number is None else f'{stem}_{number}{ending}')
    return os.path.join(folder, fitting_name(name))


def refuse_equal_names(sources: Sequence[str]) -> None:
    """Refuse photos whose crops would have one name.

    Raises:
        ValueError: for ``a.tif`` and ``a.tif.png``.
    """
    photo_of: Dict[str, str] = {}
    for source in sources:
        other = photo_of.setdefault(crop_name(source, None), source)
        if other != source:
            raise ValueError(f'{printable(other)} and {printable(source)}: their crops have one name; rename one photo')


def kept_faces(faces: List[DetectedFace], shape: Sequence[int], keep: str) -> List[DetectedFace]:
    """Of the faces of a photo of that shape, the largest first: 'all', the 'largest' one or the most 'central' one."""
    if keep == 'all' or not faces:
        return faces
    if keep == 'largest':
        return faces[:1]

    def distance(face: DetectedFace) -> float:
        left, top, right, bottom = face.box
        return abs((left + right) / 2 - shape[1] / 2) + abs((top + bottom) / 2 - shape[0] / 2)

    return [min(faces, key=distance)]


def in_processes(work: CropWork, todo: Sequence[str], workers: int) -> Iterator[Tuple[str, List[dict]]]:
    """The rows of each photo, in the order of ``todo``.

    Raises:
        ChildProcessError: if a process was killed.
    """
    workers = min(workers, len(todo))
    if workers <= 1:
        _prepare(work)
        yield from ((source, _one(source)) for source in todo)
        return
    with process_pool(workers, _start, work) as pool:
        yield from zip(todo, pool.map(_one, todo, chunksize=4))
