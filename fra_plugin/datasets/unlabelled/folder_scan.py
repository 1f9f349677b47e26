"""Which images a folder holds: a scan of the tree, or a list file checked against it.

Sizes to think of: 3.3 million files in 8,631 folders. So folders are read by threads (a network disk answers several
at once), and no file is touched, only the folders.
"""

import errno
import logging
import os
import posixpath
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from mmengine.logging import print_log

from ...files.printable import printable
from ..annotation_file import FilesThere, inside, text_lines
from ..image_files import EXTENSIONS, HIDDEN, OTHER, SYSTEM, LeftOut, is_user_folder
from .folder_stamp import THREADS, FolderStamp, folder_stamp

PROGRESS_SECONDS = 5
LINKS = 'symbolic links (follow_links=True takes them)'
DEAD_LINKS = 'symbolic links that lead nowhere'
NO_FILES = 'pipes, sockets or devices'
UNREADABLE = 'folders that may not be read'
DAMAGED = 'damaged headers of an archive'


class Scan(NamedTuple):
    """Images below a folder: their paths relative to it, the stamp of every folder, and what was left out, in words."""

    paths: List[str]
    stamps: Dict[str, Optional[FolderStamp]]
    left_out: str


class Folder(NamedTuple):
    """One folder: names of its images and of the folders in it, its stamp, and what was left out."""

    files: List[str]
    subfolders: List[str]
    stamp: Optional[FolderStamp]
    left_out: LeftOut


def scan_folder(root: str, extensions: Sequence[str] = EXTENSIONS, follow_links: bool = False) -> Scan:
    """All images below a folder, by the rule of :mod:`fra_plugin.datasets.image_files`.

    Args:
        root: the folder.
        extensions: lower-case file extensions with their dot. Defaults to EXTENSIONS.
        follow_links: whether symbolic links are followed. Defaults to False.

    Returns:
        Its paths have '/' between the parts, and are sorted by folder, then by name.

    Raises:
        ValueError: there is no image in it.
    """
    files_of, stamps, visited = {}, {}, {os.path.realpath(root)}
    level, total, left_out, last = [''], 0, LeftOut(), time.time()
    with ThreadPoolExecutor(THREADS) as pool:
        while level:
            below = []
            folders = pool.map(lambda name: _read_folder(root, name, tuple(extensions), follow_links), level)
            for name, folder in zip(level, folders):
                files_of[name] = sorted(folder.files)
                stamps[name] = folder.stamp
                total += len(folder.files)
                left_out.update(folder.left_out)
                below += [posixpath.join(name, subfolder) for subfolder in folder.subfolders]
                if time.time() - last > PROGRESS_SECONDS:
                    last = time.time()
                    print_log(
                        f'Scanning {printable(root)}: {total:,} images in {len(stamps):,} folders', logger='current'
                    )
            level = sorted(below)
            if follow_links:  # a link to a folder above would never end
                level = [name for name in level if _first_visit(os.path.join(root, name), visited)]
    if total == 0:
        raise ValueError(
            f'{printable(root)}: no image found in {len(stamps):,} folders; expected files such as n000002/0001_01.jpg '
            f'or 0001.jpg ending in {", ".join(extensions)}' + (f'; left out: {left_out}' if left_out else '')
        )
    return Scan(
        [posixpath.join(name, file) for name in sorted(files_of) for file in files_of[name]], stamps, str(left_out)
    )


def tell_left_out(root: str, left_out: str) -> None:
    """One line in the log, if anything was left out."""
    if left_out:
        is_loss = UNREADABLE in left_out or DAMAGED in left_out
        level = logging.WARNING if is_loss else logging.INFO
        print_log(f'{printable(root)}: left out: {left_out}', 'current', level)


def read_list(list_file: str, root: str, follow_links: bool) -> Scan:
    """The images that a list file names, one path relative to the folder a line, in the file's order.

    Args:
        list_file: the list.
        root: the folder.
        follow_links: whether a path may lead out of the folder by a symbolic link.

    Returns:
        Its folders are those on the way to a listed file.

    Raises:
        FileNotFoundError: no such list, or a listed file is not there.
        ValueError: the list is empty, no text, or a path leaves the folder.
    """
    there, paths, stamps = FilesThere(root, follow_links), [], {}
    for where, line in text_lines(list_file, errors='surrogateescape'):
        if '\0' in line:
            raise ValueError(f'{where}: expected one path a line in UTF-8, got {line[:40]!r} (UTF-16?)')
        full = inside(root, line, where)
        path = full[len(os.path.join(root, '')) :]
        name = posixpath.dirname(path)
        if name not in stamps:  # before the names of its files, as in _read_folder
            stamps[name] = folder_stamp(os.path.join(root, name))
        if not there.has(full, where):
            raise FileNotFoundError(f'{where}: {line!r} is not in {printable(root)}')
        paths.append(path)
    if not paths:
        raise ValueError(f'{list_file}: the list is empty; expected one path relative to {printable(root)} a line')
    for name in list(stamps):
        while name:
            name = posixpath.dirname(name)
            stamps.setdefault(name, folder_stamp(os.path.join(root, name)))
    return Scan(paths, stamps, '')


def _read_folder(root: str, folder: str, extensions: Tuple[str, ...], follow_links: bool) -> Folder:
    path = os.path.join(root, folder)
    stamp = folder_stamp(path)  # before the names: a change in between must look like a change
    files, subfolders, left_out = [], [], LeftOut()
    try:
        entries = os.scandir(path)
    except OSError as error:
        if folder and error.errno in (errno.EACCES, errno.EPERM):
            left_out.add(UNREADABLE, folder)
            return Folder(files, subfolders, stamp, left_out)
        raise
    with entries:
        for entry in entries:
            name = entry.name
            reason = ''
            if name[0] == '.':
                reason = HIDDEN
            elif entry.is_symlink() and not follow_links:
                reason = LINKS
            elif entry.is_dir():
                if is_user_folder(name):
                    subfolders.append(name)
                else:
                    reason = SYSTEM
            elif entry.is_symlink() and not os.path.exists(os.path.join(path, name)):
                reason = DEAD_LINKS  # whatever its ending, for it may be that of a folder
            elif not name.lower().endswith(extensions):
                reason = OTHER
            elif entry.is_file():  # a pipe called 1.jpg would never end
                files.append(name)
            else:
                reason = NO_FILES
            if reason:
                left_out.add(reason, posixpath.join(folder, name))
    return Folder(files, subfolders, stamp, left_out)


def _first_visit(path: str, visited: set) -> bool:
    real = os.path.realpath(path)
    new = real not in visited
    visited.add(real)
    return new
