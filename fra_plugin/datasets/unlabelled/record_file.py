"""Records of MXNet's RecordIO files (`train.rec`) and their index (`train.idx`), without MXNet.

A record is the bytes `magic, word, data`, where the upper 3 bits of the word tell whether the record has several parts and
the other 29 the length of the data, padded to 4 bytes. The data of an image begin with `flag, label, id, id2`; `flag` more
labels follow, then the image file. The index names the key and the first byte of each record, one a line.

In the packs of InsightFace, record 0 holds no image but two labels: images have the keys from 1 to the first label, not
included, and the records from there on describe identities.

Source: recordio.h of dmlc-core, recordio.py of MXNet, face_dataset of InsightFace.
"""

import os
import struct
from typing import NamedTuple, Optional, Tuple

import numpy as np

from ...files.printable import printable
from ..annotation_file import is_integer, text_lines
from .open_files import OpenFiles

MAGIC = struct.pack('<I', 0xCED7230A)
PART = struct.Struct('<4sI')
LENGTH_BITS = 29
WHOLE, FIRST, MIDDLE, LAST = range(4)
FACE_HEADER = struct.Struct('<IfQQ')
AT_ONCE = 16384  # bytes: most aligned faces of 112 px take less, so one read is enough
LARGEST = 1 << 26  # bytes of a part; no face takes more, but a damaged length does
PROBES = 8


class RecordIndex(NamedTuple):
    """Keys and first bytes of records, (N,) int64 each, in the order of the file; `text` has them as `KEY OFFSET` with a
    tab between and a zero behind, uint8."""

    keys: np.ndarray
    offsets: np.ndarray
    text: np.ndarray


def read_record(files: OpenFiles, path: str, offset: int) -> bytes:
    """The data of the record that begins at a byte, of all its parts.

    Raises:
        OSError: if the file can't be read.
        ValueError: if there is no whole record; the message says why.
    """
    data = files.read(path, offset, AT_ONCE)
    parts, start = [], 0
    while True:
        if len(data) < start + PART.size:
            data += files.read(path, offset + len(data), AT_ONCE)
        if len(data) < start + PART.size:
            raise ValueError('the file ends in the middle of the record')
        magic, word = PART.unpack_from(data, start)
        kind, length = word >> LENGTH_BITS, word & ((1 << LENGTH_BITS) - 1)
        if magic != MAGIC:
            raise ValueError(f'no record begins at byte {offset + start:,}')
        if kind not in ((MIDDLE, LAST) if parts else (WHOLE, FIRST)) or length > LARGEST:
            raise ValueError(f'the record at byte {offset + start:,} is damaged: part {kind} of {length:,} bytes')
        start += PART.size
        if len(data) < start + length:
            data += files.read(path, offset + len(data), start + length - len(data))
        if len(data) < start + length:
            raise ValueError('the file ends in the middle of the record')
        parts.append(data[start : start + length])
        if kind in (WHOLE, LAST):
            return MAGIC.join(parts)  # where the data hold these four bytes, MXNet starts a new part instead
        start += length + -length % 4


def split_record(record: bytes) -> Tuple[Tuple[float, ...], bytes]:
    """Labels and image of a record's data; the image is empty in the records that describe others.

    Raises:
        ValueError: if the data are shorter than their own header says.
    """
    if len(record) < FACE_HEADER.size:
        raise ValueError(f'the record has {len(record)} bytes, expected at least {FACE_HEADER.size}')
    flag, label, _, _ = FACE_HEADER.unpack_from(record)
    end = FACE_HEADER.size + 4 * flag
    if end > len(record):
        raise ValueError(f'the record has {len(record):,} bytes and names {flag:,} labels')
    labels = struct.unpack_from(f'<{flag}f', record, FACE_HEADER.size) if flag else (label,)
    return labels, record[end:]


def read_index(path: str) -> RecordIndex:
    """All records that an index names.

    Raises:
        FileNotFoundError: if there is no such index.
        ValueError: if a line is not `KEY OFFSET`, a key comes twice, or there is none.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f'{printable(path)}: no such file; a record file comes with its index (train.idx)')
    with open(path, 'rb') as file:
        text = file.read()
    index = _plain_index(text)
    if index is None:
        index = _plain_index(_rewritten(path))
    if not len(index.keys):
        raise ValueError(f'{printable(path)}: the index is empty; expected a key and a byte a line, such as 17 184320')
    ordered = np.sort(index.keys)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(twice):
        raise ValueError(f'{printable(path)}: {len(twice):,} keys come twice, such as {twice[0]}')
    return index


def images_in(files: OpenFiles, path: str, index: RecordIndex, index_path: str) -> RecordIndex:
    """The records that hold an image.

    Raises:
        ValueError: if the file is shorter than the index says, or holds no records where it says so.
    """
    size = os.stat(path).st_size
    beyond = np.flatnonzero(index.offsets + PART.size > size)
    if len(beyond):
        raise ValueError(
            f'{printable(path)} has {size:,} bytes, but {printable(index_path)} names {len(beyond):,} of '
            f'{len(index.keys):,} records behind them, such as {index.keys[beyond[0]]}: is the download complete?'
        )
    probes = np.linspace(0, len(index.keys) - 1, PROBES).astype(int)
    if not any(files.read(path, int(index.offsets[i]), 4) == MAGIC for i in probes):
        raise ValueError(
            f'{printable(path)}: no record where {printable(index_path)} says, such as at byte '
            f'{index.offsets[probes[0]]:,} for key {index.keys[probes[0]]}; is it the index of another file?'
        )
    first = _first_identity(files, path, index)
    if first is None:
        return index
    chosen = (index.keys >= 1) & (index.keys < first)
    if not chosen.any():
        raise ValueError(f'{printable(path)}: record 0 says that images have the keys 1 to {first - 1}; there are none')
    return _select(index, chosen)


def _first_identity(files: OpenFiles, path: str, index: RecordIndex) -> Optional[int]:
    """The key of the first record of an identity; None where record 0 is an image, or damaged, or there is none."""
    zero = np.flatnonzero(index.keys == 0)
    if not len(zero):
        return None
    try:
        labels, image = split_record(read_record(files, path, int(index.offsets[zero[0]])))
    except ValueError:
        return None
    return int(labels[0]) if not image and len(labels) > 1 and labels[0] > 0 else None


def _plain_index(text: bytes) -> Optional[RecordIndex]:
    """The index from its text if each line is two whole numbers with a tab between, as MXNet writes it; else None.

    3.3 million lines take half a second so, and a loop over them four.
    """
    data = np.frombuffer(text if text.endswith(b'\n') or not text else text + b'\n', np.uint8)
    newlines, tabs = np.flatnonzero(data == ord('\n')), np.flatnonzero(data == ord('\t'))
    is_digit = (data >= ord('0')) & (data <= ord('9'))
    if len(newlines) != len(tabs) or is_digit.sum() != len(data) - len(tabs) - len(newlines):
        return None
    del is_digit
    if not len(newlines):
        return RecordIndex(np.zeros(0, np.int64), np.zeros(0, np.int64), data)
    for digits in (np.diff(newlines, prepend=-1) - (newlines - tabs) - 1, newlines - tabs - 1):
        if digits.min() < 1 or digits.max() > 18:  # of 64 bits with a sign
            return None
    records = data.copy()
    records[newlines] = 0
    del newlines, tabs
    numbers = np.fromstring(text, np.int64, sep=' ').reshape(-1, 2)  # any white space
    return RecordIndex(numbers[:, 0], numbers[:, 1], records)


def _rewritten(path: str) -> bytes:
    """The text of an index as MXNet would write it."""
    lines = []
    for where, line in text_lines(path):
        fields = line.split()
        if len(fields) != 2 or not all(is_integer(field) and int(field) >= 0 for field in fields):
            raise ValueError(
                f'{where}: expected the key and the byte of a record, such as 17 184320, got {line[:40]!r}'
            )
        lines.append('{}\t{}\n'.format(*map(int, fields)))
    return ''.join(lines).encode()


def _select(index: RecordIndex, chosen: np.ndarray) -> RecordIndex:
    ends, places = np.flatnonzero(index.text == 0), np.flatnonzero(chosen)
    first, last = places[0], places[-1]
    if len(places) == last - first + 1:  # in a row, as InsightFace writes them: no copy
        part = slice(first, last + 1)
        text = index.text[ends[first - 1] + 1 if first else 0 : ends[last] + 1]
        return RecordIndex(index.keys[part], index.offsets[part], text)
    text = index.text[np.repeat(chosen, np.diff(ends, prepend=-1))]
    return RecordIndex(index.keys[chosen], index.offsets[chosen], text)
