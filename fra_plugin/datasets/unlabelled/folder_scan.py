"""Which images a folder holds: a scan of the tree, or a list file checked against it.

Sizes to think of: 3.3 million files in 8,631 folders. So folders are read by threads (a network disk answers several
at once), and no file is touched, only the folders.
"""

import os
import posixpath
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from mmengine.logging import print_log

from ..labelled.annotation_file import inside, text_lines

THREADS = 16
PROGRESS_SECONDS = 5
# A folder that changed less than this before it was read may change once more without a new time stamp.
SETTLED_SECONDS = 2
UNSETTLED = -1


class Folder(NamedTuple):
    """One folder: `files` maps a name to "is a symbolic link", `mtime` is in ns or UNSETTLED."""

    files: Dict[str, bool]
    subfolders: List[str]
    mtime: int
    links_left_out: int


def folder_mtime(path: str) -> int:
    """Time of the last change of the folder's entries in ns; UNSETTLED for a folder that just changed or is gone."""
    try:
        mtime = os.stat(path).st_mtime_ns
    except OSError:
        return UNSETTLED
    return mtime if abs(time.time_ns() - mtime) > SETTLED_SECONDS * 10**9 else UNSETTLED


def scan_folder(root: str, extensions: Sequence[str], follow_links: bool) -> Tuple[List[str], Dict[str, int]]:
    """All images below a folder, hidden ones (.name) left out.

    Args:
        root (str): The folder.
        extensions (Sequence[str]): Lower-case file extensions with their dot.
        follow_links (bool): Whether symbolic links are followed; if not, they are counted in the log.

    Returns:
        tuple: The images' paths relative to root ('/' between the parts, sorted by folder, then by name), and the
        time of the last change of every folder.

    Raises:
        ValueError: There is no image in it.
    """
    files_of, mtimes, visited = {}, {}, {os.path.realpath(root)}
    level, total, links, last = [''], 0, 0, time.time()
    with ThreadPoolExecutor(THREADS) as pool:
        while level:
            below = []
            folders = pool.map(lambda name: _read_folder(root, name, tuple(extensions), follow_links), level)
            for name, folder in zip(level, folders):
                files_of[name] = sorted(folder.files)
                mtimes[name] = folder.mtime
                total += len(folder.files)
                links += folder.links_left_out
                below += [posixpath.join(name, subfolder) for subfolder in folder.subfolders]
                if time.time() - last > PROGRESS_SECONDS:
                    last = time.time()
                    print_log(f'Scanning {root}: {total:,} images in {len(mtimes):,} folders', logger='current')
            level = sorted(below)
            if follow_links:  # a link to a folder above would never end
                level = [name for name in level if _first_visit(os.path.join(root, name), visited)]
    left_out = f'{links:,} symbolic links were left out (follow_links=True takes them)' if links else ''
    if total == 0:
        raise ValueError(
            f'{root}: no image found in {len(mtimes):,} folders; expected files such as n000002/0001_01.jpg or '
            f'0001.jpg ending in {", ".join(extensions)}' + (f'; {left_out}' if left_out else '')
        )
    if left_out:
        print_log(f'{root}: {left_out}', logger='current')
    return [posixpath.join(name, file) for name in sorted(files_of) for file in files_of[name]], mtimes


def read_list(list_file: str, root: str, follow_links: bool) -> Tuple[List[str], Dict[str, int]]:
    """The images that a list file names, one path relative to the folder a line, in the file's order.

    Args:
        list_file (str): The list.
        root (str): The folder.
        follow_links (bool): Whether a path may lead out of the folder by a symbolic link.

    Returns:
        tuple: As scan_folder; the folders are those on the way to a listed file.

    Raises:
        FileNotFoundError: No such list, or a listed file is not there.
        ValueError: The list is empty, no UTF-8 text, or a path leaves the folder.
    """
    real_root = os.path.realpath(root)
    paths, folders = [], {}
    for where, line in text_lines(list_file):
        path = inside(root, line, where)[len(os.path.join(root, '')) :]
        where = f'{where}: {line!r}'
        name, file = posixpath.split(path)
        if name not in folders:
            if not os.path.isdir(os.path.join(root, name)):
                raise FileNotFoundError(f'{where} is not in {root}')
            if not follow_links:
                _refuse_outside(os.path.join(root, name), real_root, where)
            folders[name] = _read_folder(root, name, None, True)
        is_link = folders[name].files.get(file)
        if is_link is None:
            raise FileNotFoundError(f'{where} is not in {root}')
        if is_link and not follow_links:
            _refuse_outside(os.path.join(root, path), real_root, where)
        paths.append(path)
    if not paths:
        raise ValueError(f'{list_file}: the list is empty; expected one path relative to {root} a line')
    mtimes = {name: folder.mtime for name, folder in folders.items()}
    for name in folders:
        while name:
            name = posixpath.dirname(name)
            mtimes.setdefault(name, folder_mtime(os.path.join(root, name)))
    return paths, mtimes


def _read_folder(root: str, folder: str, extensions: Optional[Tuple[str, ...]], follow_links: bool) -> Folder:
    """The entries of a folder; extensions None takes every file."""
    path = os.path.join(root, folder)
    mtime = folder_mtime(path)  # before the names: a change in between must look like a change
    files, subfolders, links_left_out = {}, [], 0
    with os.scandir(path) as entries:
        for entry in entries:
            wanted = extensions is None or (entry.name.lower().endswith(extensions) and entry.name[0] != '.')
            is_link = entry.is_symlink()
            if is_link and not follow_links:
                links_left_out += wanted or entry.is_dir()
            elif entry.is_dir():
                if entry.name[0] != '.':
                    subfolders.append(entry.name)
            elif wanted and entry.is_file():  # a pipe called 1.jpg would never end
                files[entry.name] = is_link
    return Folder(files, subfolders, mtime, links_left_out)


def _first_visit(path: str, visited: set) -> bool:
    real = os.path.realpath(path)
    new = real not in visited
    visited.add(real)
    return new


def _refuse_outside(path: str, real_root: str, where: str) -> None:
    real = os.path.realpath(path)
    if real != real_root and not real.startswith(os.path.join(real_root, '')):
        raise ValueError(f'{where} leaves the folder by a symbolic link to {real} (follow_links=True allows it)')
