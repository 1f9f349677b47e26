"""Where the names of the regions of weights lie: beside the file with the tensors."""

import os
from pathlib import Path
from typing import Union

from ..shipped_weights import find_checkpoint
from .pretrained_folder import WEIGHTS


def weights_file(checkpoint: Union[str, os.PathLike]) -> Path:
    """The file with the tensors: of a checkpoint, of weights that come with the package, or of a saved folder.

    Raises:
        FileNotFoundError: if there is none.
    """
    folder = Path(checkpoint).expanduser()
    return folder / WEIGHTS if folder.is_dir() else Path(find_checkpoint(checkpoint))


def region_names_path(checkpoint: Union[str, os.PathLike]) -> Path:
    """Of the names of its regions, whether there are any or not, such as ``epoch_50.regions.json``."""
    return weights_file(checkpoint).with_suffix('.regions.json')
