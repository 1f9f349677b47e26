"""A tree of photos -> crops of the faces in them, and one table: in several processes, and an interrupted run goes on."""

import os
from collections import Counter
from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence, Union

from ..datasets.transforms.face_crop import FaceCrop
from ..datasets.unlabelled.folder_scan import scan_folder, tell_left_out
from ..files.whole_file import check_folder
from ..process_pool import progress_bar
from .crop_journal import CropJournal
from .crop_work import CROPS, NO_FACE, CropWork, in_processes, refuse_equal_names
from .detectors import AUTO, check_files, chosen, find_detector
from .face_table import write_face_table

FACE_CHOICES = ('all', 'largest', 'central')
TABLE = 'faces.csv'


class CropSummary(NamedTuple):
    """What became of the photos: their number, faces, photos without a face, broken photos, the table, and other files."""

    photos: int
    faces: int
    without: int
    broken: List[str]
    table: Path
    left_out: str = ''


def crop_photos(
    photos: Union[str, Path],
    out: Union[str, Path],
    crop: Optional[FaceCrop] = None,
    *,
    detector: str = AUTO,
    files: Sequence[str] = (),
    min_score: Optional[float] = None,
    min_size: float = 24,
    keep: str = 'all',
    write_crops: bool = True,
    follow_links: bool = False,
    workers: Optional[int] = None,
    overwrite: bool = False,
    progress: bool = False,
) -> CropSummary:
    """Find the faces below a folder, write their crops and ``faces.csv``.

    The crops lie in ``out/images``, in the folders that the photos have: ``anna/1.jpg`` gives ``anna/1_0.jpg``,
    ``anna/1_1.jpg``, ..., the largest face first. With one face a photo, a crop has the photo's own name, as labels name
    it. Photos are turned upright by their EXIF orientation; a broken one is noted in the table and counted.

    A second call goes on where the first one was interrupted, and does only what is new or has changed.

    Args:
        photos: a folder with its sub-folders.
        out: folder to write, outside of ``photos``.
        crop: how the faces are cut. Defaults to None, ``FaceCrop()``.
        detector: name of the detector, see :func:`find_detector`. Defaults to 'auto'.
        files: model files of the detector. Defaults to ().
        min_score, min_size: as :class:`Detector`.
        keep: 'all' faces of a photo, the 'largest' one, or the most 'central' one. Defaults to 'all'.
        write_crops: False writes the table only, which ``FaceFolder(boxes=...)`` reads. Defaults to True.
        follow_links: whether symbolic links to photos are followed. Defaults to False.
        workers: number of processes, at least 1. Defaults to None, one a CPU core.
        overwrite: remove what was made with other settings. Defaults to False.
        progress: show a progress bar. Defaults to False.

    Raises:
        FileNotFoundError, NotADirectoryError: if there is no such folder.
        ValueError: for a wrong setting, an ``out`` that lies in ``photos``, was made with other settings or holds other
            files, or if there is no photo, or no face in any.
        ImportError: if the detector's package is not installed.
        ChildProcessError: if a process was killed.
    """
    for what, folder in (('photos', photos), ('out', out)):
        if not os.fspath(folder).strip():
            raise ValueError(f'{what}: expected a folder, got an empty name')
    photos, out, crop = Path(photos).expanduser(), Path(out).expanduser(), crop or FaceCrop()
    _check(photos, out, keep, workers)
    detector = chosen(detector)
    check_files(detector, files)
    settings = dict(min_score=min_score, min_size=min_size)
    found = find_detector(detector, *files, **settings)
    if crop.align != 'none' and not found.has_points:
        raise ValueError(f'the detector {detector} gives no points: use --align none, or mtcnn or yunet')
    facts = dict(found.facts(), **crop.settings(), keep=keep, write_crops=write_crops, photos=str(photos.resolve()))
    scan = scan_folder(str(photos), follow_links=follow_links)
    tell_left_out(str(photos), scan.left_out)
    if write_crops:
        refuse_equal_names(scan.paths)
    journal = CropJournal(out, facts, overwrite)
    try:
        todo = journal.open(photos, scan.paths)
        work = CropWork(photos, out / CROPS if write_crops else None, crop, keep, (detector, *files), settings)
        results = in_processes(work, todo, workers or os.cpu_count() or 1)
        for source, rows in progress_bar(results, len(todo)) if progress and todo else results:
            journal.add(source, rows)
    finally:
        journal.close()
    rows = [row for source in scan.paths for row in journal.rows[source]]
    write_face_table(out / TABLE, rows)
    problems = Counter(row['problem'] for row in rows if row.get('problem'))
    broken = [f'{row["source"]}: {row["problem"]}' for row in rows if row.get('problem') not in (None, NO_FACE)]
    summary = CropSummary(
        len(scan.paths),
        len(rows) - sum(problems.values()),
        problems[NO_FACE],
        broken,
        (out / TABLE).absolute(),
        scan.left_out,
    )
    if not summary.faces:
        raise ValueError(
            f'{photos}: no face found in {summary.photos:,} photos ({len(broken):,} of them broken) by {detector}; '
            f'{out / TABLE} has a row for each'
        )
    return summary


def _check(photos: Path, out: Path, keep: str, workers: Optional[int]) -> None:
    if keep not in FACE_CHOICES:
        raise ValueError(f'keep must be one of {", ".join(FACE_CHOICES)}, got {keep!r}')
    if workers is not None and workers < 1:
        raise ValueError(f'workers must be at least 1, got {workers}')
    if not photos.exists():
        raise FileNotFoundError(f'no folder of photos {photos}')
    if not photos.is_dir():
        raise NotADirectoryError(f'{photos}: expected a folder of photos, this is a file')
    inside = photos.resolve()
    if inside == out.resolve() or inside in out.resolve().parents:
        raise ValueError(f'{out} lies in {photos}: its crops would be taken for photos the next time')
    check_folder(out)
