"""The images that a command was given, without those that can't be read: one file does not end the work on a folder."""

import sys
from typing import List, Sequence, Union

NAMED = 10  # files that can't be read and are named


def folder_or_files(images: List[str]) -> Union[str, List[str]]:
    """What a command's argument means: one name is a file or a folder, several are files."""
    return images[0] if len(images) == 1 else images


def tell_broken(left_out: Sequence[str], total: int) -> None:
    """Count on the terminal the images that can't be read, and name the first ones.

    Args:
        left_out: a line for each of them, as :class:`~fra_plugin.apis.FRAFeatures` gives it.
        total: number of all images.
    """
    for problem in left_out[:NAMED]:
        print(f'left out: {problem}', file=sys.stderr)
    if len(left_out):
        print(f'{len(left_out):,} of {total:,} images cannot be read and are left out', file=sys.stderr)
