"""Draws a set of faces in parallel and writes it with its truth: a folder that is there whole or not at all."""

import json
import os
import shutil
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Iterator, List, Optional, Union

import cv2

from ..files.file_name import fitting_name
from ..files.whole_file import make_folder
from ..process_pool import process_pool, progress_bar
from .canvas import REGIONS
from .contact_sheet import write_contact_sheet
from .expression import EXPRESSIONS
from .layouts import Face, write_layouts
from .render import render_face

VERSION = 1
"""Rises with every change that alters the pictures of a seed."""
_GENERATOR = 'fra_plugin.synthetic'


def write_synthetic_faces(
    out: Union[str, Path],
    num: int,
    size: int = 128,
    *,
    seed: int = 0,
    workers: Optional[int] = None,
    overwrite: bool = False,
    progress: bool = False,
) -> Path:
    """Draw ``num`` faces and write them below ``out``.

    - ``images/id0000/0000.jpg``: four images an identity; ``train.txt``: those to pre-train on, as FaceFolder's list;
    - ``annotations/landmarks_{train,val}.json``: iBUG-68 points, as mmpose's Face300WDataset reads them; ``keypoints``
      are visible (2) or covered (1);
    - ``EmoLabel`` and ``Image``: expressions, in RAF-DB's layout;
    - ``Anno``, ``Eval`` and ``Img``: attributes and identities, in CelebA's layout;
    - ``lfw``: pairs of held-out identities, in LFW's layout;
    - ``regions/id0000/0000.png`` and ``regions/legend.json``: a label for each pixel;
    - ``contact_sheet.jpg`` and ``meta.json``.

    One identity of five is held out: val, RAF-DB's test, and in turns CelebA's test and val. The files depend on ``num``,
    ``size`` and ``seed`` only.

    Args:
        out: folder that does not exist yet, or is empty.
        num: number of images, >= 1.
        size: width and height in pixels, >= 32.
        seed: >= 0.
        workers: number of processes, >= 1; by default one a CPU core.
        overwrite: replace a folder that this function has written before.
        progress: show a progress bar.

    Returns:
        Path: ``out``.

    Raises:
        ValueError: a number is out of its range.
        FileExistsError: ``out`` is not empty, or is to be overwritten but was not written by this function.
        ChildProcessError: a worker was killed.
    """
    workers = (os.cpu_count() or 1) if workers is None else workers
    for name, value, least in (('num', num, 1), ('size', size, 32), ('seed', seed, 0), ('workers', workers, 1)):
        if value < least:
            raise ValueError(f'{name} must be at least {least}, got {value}')
    out = Path(out)
    _check_target(out, overwrite)
    make_folder(out.absolute().parent)
    partial_out = out.absolute().with_name(fitting_name(f'.{out.name}.{os.getpid()}.partial'))
    try:
        partial_out.mkdir()
        drawn = _draw_all(partial_out, num, size, seed, workers)
        faces = list(progress_bar(drawn, num) if progress else drawn)
        write_layouts(partial_out, faces, size, seed)
        write_contact_sheet(partial_out, faces, size)
        _write_meta(partial_out, faces, size, seed)
        _move(partial_out, out.absolute())
    finally:
        shutil.rmtree(partial_out, ignore_errors=True)
    return out


def _check_target(out: Path, overwrite: bool) -> None:
    if out.exists() and not out.is_dir():
        raise FileExistsError(f'{out} is a file, expected a folder that is empty or not there')
    if not out.exists() or not any(out.iterdir()):
        return
    if not overwrite:
        raise FileExistsError(f'{out} is not empty; choose another folder, or overwrite it')
    try:
        ours = json.loads((out / 'meta.json').read_text())['generator'] == _GENERATOR
    except (OSError, ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise FileExistsError(
            f'{out} is not overwritten: it has no meta.json of synthetic faces, so other files are in it'
        )


def _draw_all(root: Path, num: int, size: int, seed: int, workers: int) -> Iterator[Face]:
    draw = partial(_draw_one, root, size, seed)
    workers = min(workers, num)
    if workers == 1:
        yield from map(draw, range(num))
        return
    with process_pool(workers) as pool:
        yield from pool.map(draw, range(num), chunksize=max(1, min(8, num // workers)))


def _draw_one(root: Path, size: int, seed: int, index: int) -> Face:
    drawn = render_face(seed, index, size)
    image, regions = drawn.pop('image'), drawn.pop('regions')
    face = Face(index=index, **drawn)
    _save(root / 'images' / f'{face.stem}.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 95])
    _save(root / 'regions' / f'{face.stem}.png', regions, [cv2.IMWRITE_PNG_COMPRESSION, 6])
    return face


def _save(path: Path, picture, options: List[int]) -> None:
    """Unlike ``cv2.imwrite``, an error where the disk is full."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, picture, options)[1].tobytes())


def _write_meta(root: Path, faces: List[Face], size: int, seed: int) -> None:
    held_out = sum(face.held_out for face in faces)
    expressions = Counter(face.expression for face in faces)
    attributes = {name: sum(face.attributes[name] for face in faces) for name in sorted(faces[0].attributes)}
    meta = dict(
        generator=_GENERATOR,
        version=VERSION,
        seed=seed,
        num=len(faces),
        size=size,
        counts=dict(
            train=len(faces) - held_out,
            val=held_out,
            identities=len({face.identity for face in faces}),
            expressions={name: expressions[number] for number, name in enumerate(EXPRESSIONS, 1)},
            attributes=attributes,
        ),
        regions=list(REGIONS),
    )
    (root / 'meta.json').write_text(json.dumps(meta, indent=2) + '\n')


def _move(source: Path, target: Path) -> None:
    """Put the finished folder in its place; a former one goes only when the new one is there."""
    former = source.with_suffix('.former')
    if target.exists():
        target.rename(former)
    source.rename(target)
    shutil.rmtree(former, ignore_errors=True)
