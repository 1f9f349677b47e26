"""Reads parts of large files, such as one image of an archive, through file handles that stay open."""

import os
from collections import OrderedDict

MOST = 128  # handles: each process may have 1024 files open on most systems


class OpenFiles:
    """The files that were read last stay open, at most :data:`MOST` of them.

    A handle is read at a given byte and has no position of its own, so data workers may inherit it. A copy, also a
    pickled one, opens its own. A file that can't be read is opened anew at the next try, as a network disk that was away
    answers no former handle.
    """

    def __init__(self) -> None:
        self._handles: OrderedDict[str, _Handle] = OrderedDict()

    def read(self, path: str, offset: int, size: int) -> bytes:
        """``size`` bytes from ``offset`` on, or those up to the end of the file.

        Raises:
            OSError: if they can't be read.
        """
        handle = self._handles.pop(path, None) or _Handle(path)
        data = os.pread(handle.number, size, offset)
        while len(data) < size:
            more = os.pread(handle.number, size - len(data), offset + len(data))
            if not more:
                break
            data += more
        self._handles[path] = handle  # the last is the one used last
        if len(self._handles) > MOST:
            self._handles.popitem(last=False)
        return data

    def __reduce__(self):
        return OpenFiles, ()


class _Handle:
    """Closed when nobody uses it any more."""

    def __init__(self, path: str) -> None:
        self.number = -1
        self.number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        if self.number >= 0:
            os.close(self.number)
