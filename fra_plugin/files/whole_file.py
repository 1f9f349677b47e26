"""Output files that are there whole or not at all."""

import contextlib
import os
from typing import Iterator, Union


@contextlib.contextmanager
def whole_file(path: Union[str, os.PathLike]) -> Iterator[str]:
    """``with whole_file('a.npz') as partial``: write to ``partial``; it becomes the file if the block ends without error.

    The folder is made. ``partial`` lies beside the file and has its ending, as that tells many writers the format.

    Raises:
        IsADirectoryError: if ``path`` is a folder.
    """
    path = os.path.abspath(os.path.expanduser(os.fspath(path)))
    if os.path.isdir(path):
        raise IsADirectoryError(f'{path} is a folder, expected a file to write')
    folder, name = os.path.split(path)
    os.makedirs(folder, exist_ok=True)
    partial = os.path.join(folder, f'.{os.getpid()}.partial-{name}')
    try:
        yield partial
        os.replace(partial, path)
    finally:
        if os.path.lexists(partial):
            os.remove(partial)
