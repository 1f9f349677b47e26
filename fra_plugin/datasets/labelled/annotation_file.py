"""Annotation files as their authors hand them out: lines and rows with their numbers, paths kept inside a folder."""

import csv
import os
import os.path as osp
from typing import Dict, Iterable, Iterator, List, Sequence, Tuple


def text_lines(path: str, errors: str = 'strict') -> Iterator[Tuple[str, str]]:
    """The lines of a text file that are not blank, each with the place to name in an error (``file:line``).

    Args:
        path: the file.
        errors: 'surrogateescape' also takes names of files that are not UTF-8. Defaults to 'strict'.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is not UTF-8 text.
    """
    _require_file(path)
    with open(path, encoding='utf-8-sig', errors=errors) as file:
        try:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield f'{path}:{number}', line.strip()
        except UnicodeDecodeError as error:
            raise ValueError(f'{path}: expected UTF-8 text, got {error.reason}') from None


def csv_rows(path: str, columns: Sequence[str], errors: str = 'strict') -> Iterator[Tuple[str, Dict[str, str]]]:
    """The rows of a csv file by column name, each with the place to name in an error (``file:line``).

    Args:
        path: a comma-separated file whose first line names the columns.
        columns: names of columns that it must have.
        errors: as in :func:`text_lines`. Defaults to 'strict'.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a column is missing, a row has more or fewer fields than the header, or the file is not csv text.
    """
    _require_file(path)
    with open(path, encoding='utf-8-sig', errors=errors, newline='') as file:
        reader = csv.reader(file)
        try:
            header = [name.strip() for name in next(reader, [])]
            missing = [name for name in columns if name not in header]
            if missing:
                raise ValueError(
                    f'{path}:1: no column {", ".join(map(repr, missing))}; '
                    f'the file has {", ".join(map(repr, header)) or "none"}'
                )
            for row in reader:
                if not row:
                    continue
                if len(row) != len(header):
                    raise ValueError(f'{path}:{reader.line_num}: expected {len(header)} fields, got {len(row)}')
                yield f'{path}:{reader.line_num}', {name: value.strip() for name, value in zip(header, row)}
        except UnicodeDecodeError as error:
            raise ValueError(f'{path}: expected UTF-8 text, got {error.reason}') from None
        except csv.Error as error:
            raise ValueError(f'{path}:{reader.line_num}: not a csv row ({error})') from None


def integer(text: str, allowed: Iterable[int], where: str, what: str) -> int:
    """``text`` as one of the allowed integers; ``what`` names it in the ValueError."""
    allowed = list(allowed)
    try:
        value = int(text)
    except ValueError:
        value = None
    if value not in allowed:
        raise ValueError(f'{where}: {what} must be one of {", ".join(map(str, allowed))}, got {text!r}')
    return value


def inside(folder: str, path: str, where: str) -> str:
    """``folder/path``, where ``path`` may neither be absolute nor climb out of the folder."""
    normal = osp.normpath(path.replace('\\', '/'))
    if not path or osp.isabs(normal) or normal.split('/')[0] in ('..', '.') or osp.splitdrive(path)[0]:
        raise ValueError(f'{where}: expected the path of an image inside {folder}, got {path!r}')
    return osp.join(folder, normal)


def find(root: str, candidates: Sequence[str]) -> str:
    """The first of the candidates that exists under ``root``.

    Raises:
        FileNotFoundError: naming what was expected.
    """
    for candidate in candidates:
        if osp.exists(osp.join(root, candidate)):
            return osp.join(root, candidate)
    raise FileNotFoundError(
        f'expected {" or ".join(candidates)} in {osp.abspath(root)}'
        + ('' if osp.isdir(root) else ', which is not a folder')
    )


def require_images(images: Sequence[Tuple[str, str]]) -> None:
    """Check that every image is there, by one listing per folder.

    Args:
        images: path of each image and the place that names it.

    Raises:
        FileNotFoundError: naming the first image that is missing, and how many are.
    """
    listings: Dict[str, frozenset] = {}
    missing: List[Tuple[str, str]] = []
    for path, where in images:
        folder, name = osp.split(path)
        if folder not in listings:
            listings[folder] = frozenset(os.listdir(folder)) if osp.isdir(folder) else frozenset()
        if name not in listings[folder]:
            missing.append((path, where))
    if missing:
        path, where = missing[0]
        raise FileNotFoundError(f'{where}: no image {path} ({len(missing)} of {len(images)} images are missing)')


def _require_file(path: str) -> None:
    if not osp.isfile(path):
        raise FileNotFoundError(f'no annotation file {osp.abspath(path)}')
