"""A file backend for a local or mounted disk that replaces files whole."""

import os
from pathlib import Path
from typing import Union

from mmengine.fileio import LocalBackend, register_backend

from .whole_file import whole_file


class AtomicBackend(LocalBackend):
    """LocalBackend, named ``atomic``: what it writes is on the disk before it takes the place of a former file.

    A kill, a full disk or a power cut while it writes leaves the former file as it was.
    """

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        """Write bytes.

        Raises:
            OSError: if they could not be written; then nothing has changed.
        """
        with whole_file(filepath) as partial, open(partial, 'wb') as file:
            file.write(obj)
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(os.path.dirname(os.path.abspath(filepath)), os.O_RDONLY)
        try:
            os.fsync(folder)  # the new name, too
        finally:
            os.close(folder)

    def put_text(self, obj: str, filepath: Union[str, Path], encoding: str = 'utf-8') -> None:
        """Write text, as :meth:`put`."""
        self.put(obj.encode(encoding), filepath)


register_backend('atomic', AtomicBackend, force=True)
