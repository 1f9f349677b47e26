"""MXNet record files and tar files, written byte by byte as their formats say, for the data sets that read them."""

import io
import struct
from pathlib import Path
from typing import Iterable, List, Sequence, Tuple

import numpy as np
from PIL import Image

MAGIC = b'\x0a\x23\xd7\xce'


def jpeg(value: int = 100, size: Tuple[int, int] = (8, 6)) -> bytes:
    """A red picture."""
    file = io.BytesIO()
    Image.new('RGB', size, (value, 0, 0)).save(file, 'JPEG', quality=95)
    return file.getvalue()


def noise(seed: int, size: int = 48) -> bytes:
    """A picture that no other seed gives."""
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    Image.fromarray(pixels).resize((size, size)).save(file, 'JPEG', quality=95)
    return file.getvalue()


# RecordIO


def part(kind: int, data: bytes) -> bytes:
    """magic, 3 bits of kind and 29 of length, the data, zeros up to a multiple of 4 bytes."""
    return MAGIC + struct.pack('<I', kind << 29 | len(data)) + data + bytes(-len(data) % 4)


def record(data: bytes) -> bytes:
    """As dmlc-core's RecordIOWriter: where the data hold the magic bytes at a multiple of 4, they are left out and a new
    part begins."""
    places = [i for i in range(0, len(data) - 3, 4) if data[i : i + 4] == MAGIC]
    if not places:
        return part(0, data)
    pieces = [data[begin:end] for begin, end in zip([0] + [i + 4 for i in places], places + [len(data)])]
    kinds = [1] + [2] * (len(pieces) - 2) + [3]
    return b''.join(part(kind, piece) for kind, piece in zip(kinds, pieces))


def face_data(image: bytes, labels: Sequence[float] = (0.0,), key: int = 0) -> bytes:
    """As mx.recordio.pack: flag, label, id, id2; several labels follow, their number is the flag."""
    if len(labels) == 1:
        return struct.pack('<IfQQ', 0, labels[0], key, 0) + image
    return struct.pack(f'<IfQQ{len(labels)}f', len(labels), 0.0, key, 0, *labels) + image


def write_records(path: Path, records: Iterable[Tuple[int, bytes]]) -> List[int]:
    """The record file and its index; returns where each record begins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    offsets, lines, data = [], [], b''
    for key, content in records:
        offsets.append(len(data))
        lines.append(f'{key}\t{len(data)}\n')
        data += record(content)
    path.write_bytes(data)
    path.with_suffix('.idx').write_text(''.join(lines))
    return offsets


def write_pack(path: Path, images: Sequence[bytes], people: int = 2) -> List[int]:
    """As InsightFace packs faces: record 0 names the first identity's key and the last one's + 1, images have the keys
    from 1 on, and an identity's record names its first image and its last one + 1."""
    count, each = len(images), -(-len(images) // people)
    head = [(0, face_data(b'', (count + 1.0, count + 1.0 + people)))]
    faces = [(i + 1, face_data(image, (float(i // each), 0.0), i + 1)) for i, image in enumerate(images)]
    ranges = [(1.0 + each * i, 1.0 + min(each * (i + 1), count)) for i in range(people)]
    identities = [(count + 1 + i, face_data(b'', limits, count + 1 + i)) for i, limits in enumerate(ranges)]
    return write_records(path, head + faces + identities)


# tar


def tar_header(name: bytes, size: int, kind: bytes = b'0', magic: bytes = b'ustar\x0000', prefix: bytes = b'') -> bytes:
    """512 bytes as POSIX lays them out; a size of 8 GiB and more in GNU's way."""
    field = b'%011o\0' % size if size < 8**11 else b'\x80' + size.to_bytes(11, 'big')
    head = name.ljust(100, b'\0') + b'0000644\0' + b'0001750\0' * 2 + field + b'14631460000\0' + b' ' * 8 + kind
    head = (head.ljust(257, b'\0') + magic).ljust(345, b'\0') + prefix
    head = head.ljust(512, b'\0')
    assert len(head) == 512
    return head[:148] + b'%06o\0 ' % sum(head) + head[156:]


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def member(name: str, data: bytes = b'', kind: bytes = b'0', **options) -> bytes:
    return tar_header(name.encode(), len(data), kind, **options) + padded(data)


def gnu_long(name: str, data: bytes) -> bytes:
    """A name of any length, as GNU tar writes it: in the data of a header of its own."""
    magic, text = b'ustar  \0', name.encode() + b'\0'
    return member('././@LongLink', text, b'L', magic=magic) + member(name[:100], data, magic=magic)


def pax(records: dict, *, kind: bytes = b'x') -> bytes:
    """LENGTH KEY=VALUE lines, where the length counts itself."""
    text = b''
    for key, value in records.items():
        line = b' %s=%s\n' % (key.encode(), value if isinstance(value, bytes) else str(value).encode())
        length = len(line) + len(str(len(line)))
        length += len(str(length)) - len(str(len(line)))
        text += str(length).encode() + line
    return member('PaxHeaders/x', text, kind)


def write_tar(path: Path, members: Iterable[bytes], end: bytes = bytes(1024)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b''.join(members) + end)
    return path
