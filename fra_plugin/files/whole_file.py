"""Output files that are there whole or not at all."""

import contextlib
import os
from typing import Iterator, Union

from .file_name import LONGEST, fitting_name


@contextlib.contextmanager
def whole_file(path: Union[str, os.PathLike]) -> Iterator[str]:
    """``with whole_file('a.npz') as partial``: write to ``partial``; it becomes the file if the block ends without error.

    The folder is made. ``partial`` lies beside the file and has its ending, as that tells many writers the format; its
    name is cut where it would be longer than the disk takes.

    Raises:
        IsADirectoryError: if ``path`` is a folder.
        NotADirectoryError: if it lies below a file.
        PermissionError: if its folder is read-only.
    """
    path = check_output(path)
    folder, name = os.path.split(path)
    make_folder(folder)
    partial = os.path.join(folder, fitting_name(f'.{os.getpid()}.partial-{name}', _longest_name(folder)))
    try:
        yield partial
        os.replace(partial, path)
    finally:
        if os.path.lexists(partial):
            os.remove(partial)


def check_output(path: Union[str, os.PathLike]) -> str:
    """The full path of a file to write. Called before long work, it tells a place where nothing can be written.

    Raises:
        IsADirectoryError, NotADirectoryError: as :func:`whole_file`.
        PermissionError: if its folder, or the one in which that would be made, is read-only.
    """
    path = os.path.abspath(os.path.expanduser(os.fspath(path)))
    if os.path.isdir(path):
        raise IsADirectoryError(f'{path} is a folder, expected a file to write')
    check_folder(os.path.dirname(path))
    return path


def check_folder(folder: Union[str, os.PathLike]) -> None:
    """Tells that a folder can't be made, or nothing written to it; makes nothing.

    Raises:
        NotADirectoryError, PermissionError: as :func:`check_output`.
    """
    folder = there = os.path.abspath(os.path.expanduser(os.fspath(folder)))
    while not os.path.lexists(there):
        there = os.path.dirname(there)
    if not os.path.isdir(there):
        below = '' if there == folder else f'{folder}: '
        raise NotADirectoryError(f'{below}{there} is a file, expected a folder')
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(f'{there} is read-only, expected a folder to write to')


def make_folder(folder: Union[str, os.PathLike]) -> None:
    """Make a folder and those above it, where they are not there yet; raises as :func:`check_folder`."""
    check_folder(folder)
    os.makedirs(folder, exist_ok=True)


def _longest_name(folder: str) -> int:
    """Bytes of a file's name in a folder: fewer than usual where the disk encrypts names."""
    try:
        return os.pathconf(folder, 'PC_NAME_MAX')
    except (AttributeError, OSError, ValueError):  # not on Windows, not on every mounted disk
        return LONGEST
