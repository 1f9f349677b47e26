"""Pre-trained weights that come with the package, by name.

They lie in ``fra_plugin/weights`` as NAME-HASH.safetensors, HASH being the start of the file's SHA-256, each with a model
card NAME.md and the names of its regions, NAME-HASH.regions.json. tools/model_converters/ship_weights.py writes them.
"""

import difflib
import os
import re
from pathlib import Path
from typing import Dict, Union

from ..files.file_hash import sha256

SHIPPED_FOLDER = Path(__file__).resolve().parents[1] / 'weights'
HASH_DIGITS = 8
SAVED_FILE = 'model.safetensors'  # with the tensors, of a folder that FRAFeatures.save_pretrained has written


def shipped_weights(folder: Path = SHIPPED_FOLDER) -> Dict[str, Path]:
    """The files by name."""
    found = {}
    for path in sorted(folder.glob('*.safetensors')):
        match = re.fullmatch(rf'(.+)-[0-9a-f]{{{HASH_DIGITS}}}', path.stem)
        if match:
            found[match.group(1)] = path
    return found


def find_checkpoint(name: Union[str, os.PathLike], folder: Path = SHIPPED_FOLDER) -> str:
    """The file of a checkpoint: as given, of a folder of FRAFeatures.save_pretrained, or of weights that come with the package.

    Example:
        >>> find_checkpoint('fra_r18w32_96px')
        '/path/to/fra_plugin/weights/fra_r18w32_96px-0123abcd.safetensors'

    Args:
        name: a path, or the name of shipped weights; a file or folder of that name in the working directory comes first.
        folder: of the weights. Defaults to the package's.

    Raises:
        FileNotFoundError: if there is none; the message names the closest weights.
        ValueError: if the hash of shipped weights is not the one in their name.
    """
    path = os.path.expanduser(os.fspath(name))
    if os.path.isfile(path):
        return path
    saved = os.path.join(path, SAVED_FILE)
    if os.path.isfile(saved):
        return saved
    shipped = shipped_weights(folder)
    if path not in shipped:
        if os.path.isdir(path):
            raise FileNotFoundError(f'{path} is a folder without {SAVED_FILE}: expected a checkpoint')
        close = difflib.get_close_matches(path, shipped, n=1)
        raise FileNotFoundError(f'no checkpoint {path}' + (f'; did you mean {close[0]}?' if close else ''))
    found = shipped[path]
    if not sha256(found).startswith(found.stem[-HASH_DIGITS:]):
        raise ValueError(f'{found} is damaged: its SHA-256 does not begin with {found.stem[-HASH_DIGITS:]}')
    return str(found)


def refuse_overwriting(checkpoint: Union[str, os.PathLike], out: Union[str, os.PathLike]) -> None:
    """What is made from a checkpoint has less in it, so it must not take the checkpoint's place.

    Raises:
        ValueError: if ``out`` is the file of the checkpoint.
        FileNotFoundError: if there is no such checkpoint.
    """
    path = os.path.expanduser(os.fspath(out))
    if os.path.exists(path) and os.path.samefile(find_checkpoint(checkpoint), path):
        raise ValueError(f'{out} is the checkpoint itself: choose another name')
