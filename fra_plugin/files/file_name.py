"""Names of output files that are made from a user's names, which may be as long as a disk takes, and of any bytes."""

import contextlib
import hashlib
import os
from typing import TextIO

LONGEST = 255  # bytes, on nearly every file system


def fitting_name(name: str, longest: int = LONGEST) -> str:
    """The name if it is short enough, else its beginning, a hash of all of it, and its ending.

    Args:
        name: of a file, without its folder.
        longest: bytes. Defaults to 255.

    Example:
        >>> fitting_name('a' * 300 + '.png', 40)
        'aaaaaaaaaaaaaaaaaaaaaaa~9233e5fe6498.png'
    """
    raw = os.fsencode(name)
    if len(raw) <= longest:
        return name
    ending = os.fsencode(os.path.splitext(name)[1])
    ending = ending if len(ending) <= 16 else b''
    mark = b'~' + hashlib.sha1(raw).hexdigest()[:12].encode()
    beginning = raw[: longest - len(mark) - len(ending)]
    if os.fsdecode(raw).isprintable():  # then don't leave half a letter
        beginning = beginning.decode('utf-8', 'ignore').encode()
    return os.fsdecode(beginning + mark + ending)


def take_any_name(stream: TextIO) -> None:
    """Lets a stream print names that are not UTF-8, with escapes in them, instead of raising."""
    # A stream that a test or a notebook puts in its place may lack this, or may have got another file underneath.
    with contextlib.suppress(AttributeError, OSError):
        stream.reconfigure(errors='backslashreplace')
