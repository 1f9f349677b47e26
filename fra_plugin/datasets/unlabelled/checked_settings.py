"""Settings of the data sets of unlabelled faces: what can't be meant is refused before anything is read."""

import os
from typing import Any, Sequence, Tuple


def checked_path(name: str, value: Any) -> str:
    """A path, or TypeError."""
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f'{name} must be a path, got {value!r}')
    return os.fspath(value)


def checked_endings(extensions: Sequence[str]) -> Tuple[str, ...]:
    """Endings of files in lower case and in order, or TypeError; one string would be taken letter by letter."""
    if not isinstance(extensions, (list, tuple, set, frozenset)) or not all(isinstance(end, str) for end in extensions):
        raise TypeError(f"extensions must be a list of endings such as ['.jpg'], got {extensions!r}")
    return tuple(sorted({ending.lower() for ending in extensions}))


def checked_number(name: str, value: Any, least: int, whole: bool = False) -> float:
    """A number, or a whole one, or ValueError."""
    kinds = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not value >= least:
        raise ValueError(f'{name} must be {"a whole number of " if whole else ""}at least {least}, got {value!r}')
    return value
