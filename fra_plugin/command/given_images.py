"""The images that a command was given, without those that can't be read: one file does not end the work on a folder."""

import sys
from typing import List, Optional, Sequence, Tuple

import numpy as np
from rich.console import Console
from rich.progress import track

from ..datasets.given_images import list_images, readable_images
from ..files.printable import printable

NAMED = 10  # files that can't be read and are named
FILES_AT_ONCE = 256


def readable_faces(
    images: Sequence[str], size: Optional[int] = None, max_images: Optional[int] = None
) -> Tuple[List[str], List[str]]:
    """Names and files of the images that can be read; the others are counted and named on the terminal.

    Args:
        images: files, or one folder, whose names are relative to it.
        size: side in pixels at which they will be used: a large JPEG is read at a fraction of its size.
            Defaults to None, in full.
        max_images: look at this many, spread evenly. Defaults to None, all.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if no image can be read; the message has the reason of the first one.
    """
    names, files = list_images(images[0] if len(images) == 1 else list(images))
    chosen = np.linspace(0, len(files) - 1, min(max_images or len(files), len(files))).round().astype(int).tolist()
    name_of = {files[place]: names[place] for place in chosen}
    found: List[str] = []
    problems: List[str] = []
    starts, hidden = range(0, len(chosen), FILES_AT_ONCE), not sys.stderr.isatty()
    for start in track(starts, 'reading', disable=hidden, console=Console(stderr=True)):
        readable, broken = readable_images([files[place] for place in chosen[start : start + FILES_AT_ONCE]], size)
        found += readable
        problems += broken
    if not found:
        where = f'{printable(images[0])}: none of its images can be read: ' if len(problems) > 1 else ''
        raise ValueError(f'{where}{problems[0]}')
    for problem in problems[:NAMED]:
        print(f'left out: {problem}', file=sys.stderr)
    if problems:
        print(f'{len(problems):,} of {len(chosen):,} images cannot be read and are left out', file=sys.stderr)
    return [name_of[file] for file in found], found
