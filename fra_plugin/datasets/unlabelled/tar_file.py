"""Where the files of an uncompressed tar file are, so that each can be read from its place.

A tar file is a chain: a header of 512 bytes names a file and its size, the file follows, padded to 512 bytes, then the next
header. One walk along the chain finds all files; nothing is unpacked. It knows ustar, pax and GNU with their long names,
and the old format without a magic number.

Source: POSIX.1-2017, pax, "pax Interchange Format" and "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
"""

import os
import zlib
from typing import Dict, Iterator, Tuple

import numpy as np

from ...files.printable import printable
from ..image_files import LeftOut
from .folder_scan import DAMAGED, NO_FILES
from .open_files import OpenFiles

BLOCK = 512
WINDOW = 1 << 20  # bytes read at once while files are small: a disk is faster so than from header to header
LONGEST_NAME = 1 << 20  # bytes of a name, or of all that a pax header says
OLD_REGULAR, REGULAR, LINK, SYMLINK, CHARACTER, BLOCK_DEVICE, DIRECTORY, FIFO, CONTIGUOUS = b'\x0001234567'
SPARSE, LONG_NAME, LONG_LINK, PAX, GLOBAL_PAX, SOLARIS_PAX = b'SLKxgX'
FILES = (REGULAR, OLD_REGULAR, CONTIGUOUS)
ABOUT_THE_NEXT = (LONG_NAME, LONG_LINK, PAX, GLOBAL_PAX, SOLARIS_PAX)
WITHOUT_DATA = (LINK, SYMLINK, CHARACTER, BLOCK_DEVICE, DIRECTORY, FIFO)
LINKED = 'links to files'
ODD = 'files of 8 GiB and more or with holes'
COMPRESSED = {b'\x1f\x8b': 'gunzip', b'BZh': 'bunzip2', b'\xfd7zXZ': 'unxz', b'\x28\xb5\x2f\xfd': 'unzstd'}


def files_in(path: str, left_out: LeftOut) -> Iterator[Tuple[bytes, int, int]]:
    """Name, first byte and size of each regular file in a tar file, in its order.

    Args:
        path: the tar file. Several that were written behind each other count as one.
        left_out: takes note of what is no regular file, and of damaged headers, whose files can't be found.

    Raises:
        OSError: if it can't be read.
        ValueError: if it is compressed, no tar file, or ends too early.
    """
    with open(path, 'rb', buffering=0) as file:
        number, end = file.fileno(), os.fstat(file.fileno()).st_size
        _refuse_compressed(path, os.pread(number, 8, 0))
        window, begin, place, size = b'', 0, 0, 0
        named: Dict[bytes, bytes] = {}  # what headers in front of a file's own say of it
        is_damaged = False
        while place < end:
            header = window[place - begin : place - begin + BLOCK]
            if len(header) < BLOCK:
                window, begin = os.pread(number, WINDOW if size < WINDOW // 8 else BLOCK, place), place
                header = window[:BLOCK]
                if not named:
                    for name, start, size in _plain_files(window):
                        yield name, begin + start, size
                        place = begin + _padded(start + size)
                    if place > begin:
                        continue
            stated = _stated_size(header)
            if stated < 0:
                if place == 0:
                    raise ValueError(f'{printable(path)}: this is no tar file')
                is_end = header.count(0) == len(header)  # another archive may follow
                if not is_end and len(header) < BLOCK:
                    raise ValueError(f'{printable(path)}: ends at byte {end:,} in a header; is the download complete?')
                if not is_end and not is_damaged:
                    left_out.add(DAMAGED, f'at byte {place}')
                is_damaged = not is_end  # up to the next header
                place, size, named = place + BLOCK, 0, {}
                continue
            is_damaged = False
            kind, start = header[156], place + BLOCK
            name = named.get(b'path') or _name(header)
            size = stated if kind in ABOUT_THE_NEXT else int(named.get(b'size', stated))
            if kind == SPARSE:
                start = _behind_map(number, header, start)
            elif kind in WITHOUT_DATA or (kind == OLD_REGULAR and name.endswith(b'/')):
                kind, size = kind or DIRECTORY, 0
            if start + size > end:
                raise ValueError(
                    f'{printable(path)}: ends at byte {end:,} in the middle of {printable(name)}; '
                    f'is the download complete?'
                )
            place = _padded(start + size)
            if kind in FILES and size == stated and not (named and _has_holes(named)):
                yield name, start, size
            elif kind in ABOUT_THE_NEXT:
                try:
                    named.update(_about_the_next(kind, os.pread(number, min(size, LONGEST_NAME), start)))
                except ValueError:
                    left_out.add(DAMAGED, f'at byte {start - BLOCK}')
                continue
            elif kind != DIRECTORY:
                reason = LINKED if kind in (LINK, SYMLINK) else NO_FILES if kind in WITHOUT_DATA else ODD
                left_out.add(reason, os.fsdecode(name))
            if named:
                named = {}


def read_file(files: OpenFiles, path: str, offset: int, size: int) -> bytes:
    """A file of a tar file.

    Raises:
        OSError: if it can't be read.
        ValueError: if its header is not in front of it any more.
    """
    data = files.read(path, offset - BLOCK, BLOCK + size)
    if len(data) < BLOCK + size or _stated_size(data[:BLOCK]) != size:
        raise ValueError(f'the archive has changed: it has no file of {size:,} bytes at byte {offset:,} any more')
    return data[BLOCK:]


def _stated_size(header: bytes) -> int:
    """The size in a header; below 0 where there is no header."""
    checksum, field = header[148:156], header[124:136]
    try:
        expected = int(checksum.partition(b'\0')[0], 8)
        # The sum of all bytes with blanks in the place of the checksum. The lower half of adler32 is 1 + the sum of all bytes,
        # modulo 65521, and ten times faster than a sum.
        found = (zlib.adler32(header) & 0xFFFF) - 1 - sum(checksum) + 8 * ord(' ')
        if len(header) < BLOCK or (found - expected) % 65521:
            return -1
        if field[0] == 0x80:  # more than octal digits can say
            return int.from_bytes(field[1:], 'big')
        return int(field.partition(b'\0')[0].strip() or b'0', 8)
    except ValueError:
        return -1


def _name(header: bytes) -> bytes:
    name = header[:100].partition(b'\0')[0]
    if header[345] and header[257:263] == b'ustar\0':  # GNU keeps times there
        return header[345:500].partition(b'\0')[0] + b'/' + name
    return name


def _plain_files(window: bytes) -> Iterator[Tuple[bytes, int, int]]:
    """The files at the beginning of a part of an archive, as long as they have plain headers, all at once.

    A header is plain if it has a short name and a small size, and another header follows where its file ends.
    """
    blocks = np.frombuffer(window, np.uint8, len(window) // BLOCK * BLOCK).reshape(-1, BLOCK)
    places = np.flatnonzero((blocks[:, 257:262] == np.frombuffer(b'ustar', np.uint8)).all(1))
    headers = blocks[places]
    digits = headers[:, 124:135].astype(np.int64) - ord('0')
    sizes = digits @ 8 ** np.arange(10, -1, -1)
    is_plain = (headers[:, 156] == REGULAR) & (headers[:, 345] == 0) & ((digits >= 0) & (digits < 8)).all(1)
    is_plain[:-1] &= places[:-1] + 1 + (sizes[:-1] + BLOCK - 1) // BLOCK == places[1:]
    is_plain[-1:] = False
    count = int(is_plain.argmin()) if len(places) and places[0] == 0 else 0
    names = np.ascontiguousarray(headers[:count, :100]).view('S100').ravel().tolist()
    starts = ((places[:count] + 1) * BLOCK).tolist()
    for name, start, size in zip(names, starts, sizes[:count].tolist()):
        yield name.partition(b'\0')[0], start, size


def _padded(size: int) -> int:
    return (size + BLOCK - 1) // BLOCK * BLOCK


def _has_holes(named: Dict[bytes, bytes]) -> bool:
    return any(key.startswith(b'GNU.sparse') for key in named)


def _about_the_next(kind: int, data: bytes) -> Dict[bytes, bytes]:
    """What a header in front of a file's own says of it."""
    if kind == LONG_NAME:
        return {b'path': data.partition(b'\0')[0]}
    found: Dict[bytes, bytes] = {}
    while kind in (PAX, SOLARIS_PAX) and data.strip(b'\0'):
        digits = data.partition(b' ')[0]  # of the length of `LENGTH KEY=VALUE` with its end of line
        if not digits.isdigit():
            raise ValueError('expected LENGTH KEY=VALUE')
        line, data = data[: int(digits)], data[int(digits) :]
        key, equals, value = line.partition(b' ')[2].partition(b'=')
        if not equals or not value.endswith(b'\n'):
            raise ValueError('expected LENGTH KEY=VALUE')
        found[key] = value[:-1]
    size = found.get(b'size', b'0')
    if b'\0' in found.get(b'path', b'') or not size.isdigit() or len(size) > 18:
        raise ValueError('expected a name without zeros, and a size in digits')
    return found


def _behind_map(number: int, header: bytes, start: int) -> int:
    """Where the data of a sparse file begin: the map of its holes may go on in blocks of its own."""
    goes_on = header[482]
    while goes_on:
        block = os.pread(number, BLOCK, start)
        goes_on, start = block[504:505] > b'\0', start + BLOCK
    return start


def _refuse_compressed(path: str, beginning: bytes) -> None:
    for magic, command in COMPRESSED.items():
        if beginning.startswith(magic):
            raise ValueError(
                f'{printable(path)}: this is a compressed archive, in which no file can be read from its place; '
                f'unpack the compression only: {command} {printable(path)}'
            )
