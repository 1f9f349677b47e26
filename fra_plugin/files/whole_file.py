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
    """
    path = os.path.abspath(os.path.expanduser(os.fspath(path)))
    if os.path.isdir(path):
        raise IsADirectoryError(f'{path} is a folder, expected a file to write')
    folder, name = os.path.split(path)
    os.makedirs(folder, exist_ok=True)
    partial = os.path.join(folder, fitting_name(f'.{os.getpid()}.partial-{name}', _longest_name(folder)))
    try:
        yield partial
        os.replace(partial, path)
    finally:
        if os.path.lexists(partial):
            os.remove(partial)


def _longest_name(folder: str) -> int:
    """Bytes of a file's name in a folder: fewer than usual where the disk encrypts names."""
    try:
        return os.pathconf(folder, 'PC_NAME_MAX')
    except (AttributeError, OSError, ValueError):  # not on Windows, not on every mounted disk
        return LONGEST
