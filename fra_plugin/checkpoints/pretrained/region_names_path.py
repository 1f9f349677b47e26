"""Where the names of the regions of weights lie: beside the file with the tensors."""

import os
from pathlib import Path
from typing import Union

from ..shipped_weights import find_checkpoint


def region_names_path(checkpoint: Union[str, os.PathLike]) -> Path:
    """Of the names of its regions, whether there are any or not, such as ``epoch_50.regions.json``."""
    return Path(find_checkpoint(checkpoint)).with_suffix('.regions.json')
