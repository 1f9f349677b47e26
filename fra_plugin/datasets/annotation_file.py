"""Annotation files as their authors hand them out: lines and rows with their numbers, paths kept inside a folder."""

import csv
import os
import os.path as osp
import re
from typing import Collection, Dict, Iterator, List, Sequence, Set, Tuple

from mmengine.logging import MMLogger

from ..files.printable import printable

# Not str.isdigit and int(), which take '\u00b2', '1_0' or a thousand digits.
_INTEGER = re.compile(r'-?[0-9]{1,15}')
LARGEST_SIDE = 65535  # pixels: no JPEG, PNG or TIFF of faces has a longer side


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
            twice = sorted({name for name in header if header.count(name) > 1})
            if twice:
                raise ValueError(f'{path}:1: two columns are called {", ".join(map(repr, twice))}')
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


def is_integer(text: str) -> bool:
    """Whether ``text`` is an integer of at most 15 digits, written with 0 to 9 and perhaps a minus."""
    return _INTEGER.fullmatch(text) is not None


def integer(text: str, allowed: Collection[int], where: str, what: str) -> int:
    """``text`` as one of the allowed integers; ``what`` names it in the ValueError."""
    if is_integer(text) and int(text) in allowed:
        return int(text)
    listed = ', '.join(map(str, allowed)) if len(allowed) <= 12 else f'{min(allowed)} to {max(allowed)}'
    raise ValueError(f'{where}: {what} must be one of {listed}, got {text[:40]!r}')


def box_numbers(texts: Sequence[str], where: str, what: str) -> Tuple[int, int, int, int]:
    """x, y, width and height of a face box in pixels.

    Raises:
        ValueError: if one is no integer or further from 0 than an image can be wide, or the size is not above 0.
    """
    numbers = [int(text) if is_integer(text) else None for text in texts]
    if any(number is None or abs(number) > LARGEST_SIDE for number in numbers) or min(numbers[2:]) <= 0:
        raise ValueError(
            f'{where}: {what} must be integers up to {LARGEST_SIDE}, the last two above 0, '
            f'got {", ".join(text[:40] for text in texts)}'
        )
    return tuple(numbers)


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


def existing_images(
    images: Sequence[Tuple[str, str]], root: str, follow_links: bool = False, max_missing: float = 0.0
) -> Set[str]:
    """Paths of the images that are there, by one listing per folder.

    Args:
        images: path of each image and the place that names it.
        root: the folder that no path may leave by a symbolic link; it may be a link itself.
        follow_links: allow such links. Defaults to False.
        max_missing: share of the images that may be missing; the log tells how many are. Defaults to 0.

    Raises:
        FileNotFoundError: naming the first image that is missing, and how many are.
        ValueError: for an image outside the folder.
    """
    there = FilesThere(root, follow_links)
    found: Set[str] = set()
    missing: List[Tuple[str, str]] = []
    for path, where in images:
        if there.has(path, where):
            found.add(path)
        else:
            missing.append((path, where))
    if missing:
        path, where = missing[0]
        message = f'{where}: no image {path} ({len(missing):,} of {len(images):,} images are missing)'
        if len(missing) > max_missing * len(images):
            raise FileNotFoundError(message)
        MMLogger.get_current_instance().warning(f'{message}: left out')
    return found


class FilesThere:
    """Whether files are in a folder or below it, by one listing of each folder on the way.

    Args:
        root: the folder that no path may leave by a symbolic link; it may be a link itself.
        follow_links: allow such links.
    """

    def __init__(self, root: str, follow_links: bool) -> None:
        self._real_root = osp.realpath(root)
        self._follow_links = follow_links
        self._links: Dict[str, Dict[str, bool]] = {}

    def has(self, path: str, where: str) -> bool:
        """Whether the file is there; a dead link, a folder or a pipe is none.

        Raises:
            ValueError: with ``where``, the place that names the path, if it leaves the folder.
        """
        folder, name = osp.split(path)
        if folder not in self._links:
            self._links[folder] = _links_by_name(folder)
            if self._links[folder]:
                self._refuse_outside(folder, where)
        is_link = self._links[folder].get(name)
        if is_link:
            self._refuse_outside(path, where)
        return is_link is not None

    def _refuse_outside(self, path: str, where: str) -> None:
        real = self._real_root if self._follow_links else osp.realpath(path)
        if real != self._real_root and not real.startswith(osp.join(self._real_root, '')):
            raise ValueError(
                f'{where}: {printable(path)} leaves {printable(self._real_root)} by a symbolic link to {printable(real)} '
                '(follow_links=True allows it)'
            )


def _links_by_name(folder: str) -> Dict[str, bool]:
    """The files in a folder, and which of them are symbolic links; none if there is no such folder."""
    if not osp.isdir(folder):
        return {}
    with os.scandir(folder) as entries:
        return {entry.name: entry.is_symlink() for entry in entries if entry.is_file()}


def _require_file(path: str) -> None:
    if not osp.isfile(path):
        raise FileNotFoundError(f'no annotation file {osp.abspath(path)}')
