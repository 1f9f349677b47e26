"""What tells that the entries of a folder have changed, without reading them.

The time of last change (mtime) does not: tar, rsync -t, cp -a and unzip set it back once they are done. The kernel's own
time (ctime) can't be set, and moves with every entry that comes or goes. With the inode, the size and the number of links
it makes the stamp of a folder. Only file systems that are known to keep such times are trusted (:data:`TRUSTED`): a
mounted bucket may show one time for all folders for ever, and an image of a disk (squashfs) has no ctime of its own.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

# A folder that changed less than this before it was read may change once more without a new time.
SETTLED_SECONDS = 2
TRUSTED = frozenset(
    ['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'bcachefs', 'f2fs', 'jfs', 'reiserfs', 'zfs', 'tmpfs', 'ramfs', 'overlay']
    + ['nfs', 'nfs4', 'cifs', 'smb3', 'lustre', 'gpfs', 'ceph', 'beegfs', 'virtiofs']
)
THREADS = 16  # a network disk answers several at once
MOUNTS = '/proc/self/mountinfo'


class FolderStamp(NamedTuple):
    """Changes when the entries of the folder do; times in ns."""

    ctime: int
    mtime: int
    inode: int
    size: int
    links: int


def folder_stamp(path: str) -> Optional[FolderStamp]:
    """The folder's stamp; None if it has just changed, or is gone, and may change again under the same stamp."""
    try:
        stat = os.stat(path)
    except OSError:
        return None
    if stat.st_ctime_ns > time.time_ns() - SETTLED_SECONDS * 10**9:  # in the future, too: a server with another clock
        return None
    inode = stat.st_ino & (2**63 - 1)  # of 64 bits, saved with a sign
    return FolderStamp(stat.st_ctime_ns, stat.st_mtime_ns, inode, stat.st_size, stat.st_nlink)


def folder_stamps(root: str, names: Sequence[str]) -> List[Optional[FolderStamp]]:
    """The stamps of folders, by their paths relative to ``root``."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda name: folder_stamp(os.path.join(root, name)), names))


def reason_for_distrust(root: str, stamps: Dict[str, Optional[FolderStamp]]) -> str:
    """Why the stamps of the folders below ``root`` can't be relied on later; '' if they can."""
    if None in stamps.values():
        return 'a folder has just changed'
    if len(stamps) > 1 and len({stamp.ctime for stamp in stamps.values()}) == 1:
        return 'all folders have the same time'
    unknown = {file_system(path) for path in _one_of_each_device(root, stamps)} - TRUSTED
    if unknown:
        return f'a file system of the kind {", ".join(sorted(unknown))} is not known to tell what has changed'
    return ''


def file_system(path: str) -> str:
    """The kind of the file system that a path lies on, such as ext4 or fuse.s3fs; 'unknown' where there is no list of
    mounts."""
    try:
        with open(MOUNTS, 'rb') as file:
            mounts = [_mount(line) for line in file]
    except OSError:
        return 'unknown'
    path = os.path.join(os.path.realpath(path), '')
    # The longest mount point that the path begins with; of equal ones the last, which lies over the others.
    found = [(len(point), number, kind) for number, (point, kind) in enumerate(mounts) if path.startswith(point)]
    return max(found)[2] if found else 'unknown'


def _mount(line: bytes) -> Tuple[str, str]:
    """Mount point with a slash at its end, and the kind, of a line of /proc/self/mountinfo (see proc(5))."""
    fields, rest = line.split(b' - ', 1)
    point = fields.split(b' ')[4]
    for octal, byte in ((b'\\040', b' '), (b'\\011', b'\t'), (b'\\012', b'\n'), (b'\\134', b'\\')):
        point = point.replace(octal, byte)
    return os.path.join(os.fsdecode(point), ''), os.fsdecode(rest.split(b' ')[0])


def _one_of_each_device(root: str, names: Iterable[str]) -> List[str]:
    """One folder on each of the devices that the folders lie on; a folder that has gone since is on none."""
    paths = [os.path.join(root, name) for name in names]
    with ThreadPoolExecutor(THREADS) as pool:
        devices = dict(zip(pool.map(_device, paths), paths))
    devices.pop(None, None)
    return list(devices.values())


def _device(path: str) -> Optional[int]:
    try:
        return os.stat(path).st_dev
    except OSError:
        return None
