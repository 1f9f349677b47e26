"""Names of files as text that any terminal and any log file can take."""

import locale
import os
from typing import Union


def printable(name: Union[str, bytes, os.PathLike]) -> str:
    """A name or path for a message; what can't be printed (or breaks the line) becomes an escape such as ``\\udce9``.

    A name on a disk is a row of bytes: an old archive or another system leaves names that are not UTF-8, which Python
    reads as text that it can't write. A log file then loses the line, and ``print`` raises UnicodeEncodeError.

    Example:
        >>> printable(b'faces/Ren\\xe9.jpg')
        'faces/Ren\\\\udce9.jpg'
    """
    text = os.fsdecode(name)
    if not text.isprintable():
        text = ''.join(c if c.isprintable() else c.encode('unicode_escape').decode() for c in text)
    if text.isascii():
        return text
    encoding = locale.getpreferredencoding(False)
    return text.encode(encoding, 'backslashreplace').decode(encoding)


def drawable(name: Union[str, bytes, os.PathLike]) -> str:
    """A name for matplotlib, which can't draw what is not UTF-8, and takes what is between two ``$`` for a formula.

    Example:
        >>> drawable(b'Ren\\xe9 $5')
        'Ren\\\\udce9 \\\\$5'
    """
    return printable(name).replace('$', '\\$')
