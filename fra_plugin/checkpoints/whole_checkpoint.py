"""Which checkpoint of a work directory a run can go on from."""

import itertools
import logging
import os
import re
import zipfile
from glob import escape, glob
from typing import Optional, Sequence

from mmengine.logging import print_log

from .safe_loading.safe_load import RefusedNameError, safe_load


def fault_in(path: str) -> Optional[str]:
    """What is wrong with a checkpoint file written by torch.save, None if nothing.

    Compares the checksum of each of its parts, which finds a changed bit, and then loads it, which finds the rest.

    Raises:
        ValueError: if it names a class that the user has not allowed: such a file must not be passed over as damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is None:
            safe_load(path)
    except RefusedNameError:
        raise
    except Exception as error:  # a damaged archive can fail in any way
        return str(error) or type(error).__name__
    return f'the checksum of {damaged} is wrong' if damaged else None


def newest_whole_checkpoint(folder: str, patterns: Sequence[str], work_dir: Optional[str] = None) -> Optional[str]:
    """The checkpoint that ``last_checkpoint`` names, else the one after most iterations, passing over those that are not whole.

    The times of the files tell nothing: a copy of the folder has others.

    Args:
        folder: where checkpoints are.
        patterns: of their names, such as ``epoch_*.pth``.
        work_dir: where ``last_checkpoint`` is. Defaults to None, the folder.

    Returns:
        Its path, None where there is no checkpoint at all.

    Raises:
        ValueError: if there are checkpoints and none is whole, or one names a class that the user has not allowed.
    """
    last = last_checkpoint(work_dir or folder, folder)
    if last is not None and _is_whole(last):
        return last
    known = set() if last is None else {os.path.realpath(last)}
    newest, count = [], len(known)
    for pattern in dict.fromkeys(patterns):  # in each, the numbers in the names count the same
        found = [path for path in glob(os.path.join(escape(folder), pattern)) if os.path.realpath(path) not in known]
        count += len(found)
        whole = filter(_is_whole, sorted(found, key=_number, reverse=True))
        newest += itertools.islice(whole, 1)  # no more are read
    if newest:
        return newest[0] if len(newest) == 1 else max(newest, key=_iterations)
    if count:
        raise ValueError(
            f'none of the {count} checkpoints in {folder} is whole: resume from another file, or start in an empty work '
            'directory'
        )
    return None


def _is_whole(path: str) -> bool:
    fault = fault_in(path)
    if fault is not None:
        print_log(f'{path} is not whole and is passed over: {fault}', 'current', logging.WARNING)
    return fault is None


def _number(path: str) -> int:
    """The last number in the name of a file."""
    return int((re.findall(r'[0-9]+', os.path.basename(path)) or ['0'])[-1])


def _iterations(path: str) -> int:
    """How many iterations a checkpoint has behind it."""
    content = safe_load(path)
    meta = content.get('meta') if isinstance(content, dict) else None
    iterations = meta.get('iter') if isinstance(meta, dict) else None
    return iterations if isinstance(iterations, int) else 0


def last_checkpoint(work_dir: str, folder: str) -> Optional[str]:
    """The file that ``last_checkpoint`` names, also after the folder was moved; None where there is none."""
    try:
        with open(os.path.join(work_dir, 'last_checkpoint'), encoding='utf-8', errors='replace') as file:
            name = file.read().strip()
    except FileNotFoundError:
        return None
    here = os.path.join(folder, os.path.basename(name))
    return here if name and os.path.isfile(here) else None
