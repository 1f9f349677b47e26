"""Find and read configs, by path, by name, or as ``_base_ = 'fra_plugin::fra/fra_r50_8xb64.py'``.

Importing ``fra_plugin`` makes that prefix known to mmengine. mmengine has a table of the packages whose configs it finds,
but the table alone would not do: it serves installed packages only, and it would look up all types of such a base in a
registry named fra_plugin. Here the source tree serves as well, and types are looked up in the default scope of the config
that inherits the base, since a landmark config belongs to mmpose and all others to mmpretrain.
"""

import difflib
import os
from pathlib import Path
from typing import Any, List, Optional, Tuple

from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE, ConfigParsingError

PACKAGE = Path(__file__).resolve().parent
PREFIX = 'fra_plugin::'


def config_folders() -> List[Path]:
    """Folders that hold `configs/`: the source tree around the package, or the installed package's `.mim`."""
    return [folder for folder in (PACKAGE.parent, PACKAGE / '.mim') if (folder / 'configs').is_dir()]


def find_config(name: str) -> str:
    """Path of a config: as given, else relative to the project, else by its base name, which is unique in the project.

    Example:
        >>> find_config('fra_r50_8xb64')
        '/path/to/configs/fra/fra_r50_8xb64.py'

    Args:
        name: such as ``my_config.py``, ``configs/fra/fra_r50_8xb64.py``, ``fra_plugin::fra/fra_r50_8xb64.py`` or
            ``fra_r50_8xb64``.

    Raises:
        FileNotFoundError: there is none; the message names the closest one there is.
    """
    if name.startswith(PREFIX):
        return _find_with_prefix(name)
    if os.path.isfile(name):
        return name
    known = {}
    for folder in config_folders():
        if (folder / name).is_file():
            return str(folder / name)
        for path in sorted((folder / 'configs').rglob('*.py')):
            known.setdefault(path.name, path)
    base = os.path.basename(name) if name.endswith('.py') else f'{os.path.basename(name)}.py'
    if base in known and os.path.dirname(name) in ('', os.path.dirname(str(known[base]))):
        return str(known[base])
    close = difflib.get_close_matches(base, known, n=1)
    raise FileNotFoundError(f'no config {name}' + (f'; did you mean {close[0]}?' if close else ''))


def _find_with_prefix(name: str) -> str:
    """The same for ``fra_plugin::...``, which always names a whole path below ``configs/``."""
    inside = name[len(PREFIX) :]
    known = []
    for configs in (folder / 'configs' for folder in config_folders()):
        if (configs / inside).is_file():
            return str(configs / inside)
        known += [path.relative_to(configs).as_posix() for path in sorted(configs.rglob('*.py'))]
    close = difflib.get_close_matches(inside, known, n=1)
    raise FileNotFoundError(f'no config {name}' + (f'; did you mean {PREFIX}{close[0]}?' if close else ''))


def load_config(name: str) -> Config:
    """The config of that name, see :func:`find_config`.

    Raises:
        FileNotFoundError: no such config, or no such base.
        ValueError: the file has another ending, is not valid Python, fails when it is run, or is not a config.
    """
    path = find_config(name)
    try:
        return Config.fromfile(path)
    except (FileNotFoundError, ImportError):
        raise
    except Exception as error:  # a config is a program, which can fail in any way
        kind = '' if isinstance(error, (SyntaxError, ConfigParsingError, OSError)) else f'{type(error).__name__}: '
        raise ValueError(f'{path}: {kind}{error}') from error


def dicts(value: Any) -> List[dict]:
    """Every dict anywhere in a config, in its order."""
    if isinstance(value, dict):
        return [value] + [found for item in value.values() for found in dicts(item)]
    return [found for item in value for found in dicts(item)] if isinstance(value, (list, tuple)) else []


def _base_path(base: str, filename: str, mmengines_own=Config._get_cfg_path) -> Tuple[str, Optional[str]]:
    """Path and scope of a base config, as mmengine asks for them.

    Raises:
        FileNotFoundError: naming the config that asks for a base that is not there, and one to take in its place.
    """
    if base.startswith(PREFIX):
        try:
            return find_config(base), None
        except FileNotFoundError as error:
            raise FileNotFoundError(f'{filename}: {error}') from None
    path, scope = mmengines_own(base, filename)
    if '::' not in base and not os.path.exists(path):
        raise FileNotFoundError(f'{filename}: no base config {path}{_with_prefix(base)}')
    return path, scope


def _with_prefix(base: str) -> str:
    """What to write for a base that lies in this project, not beside the config that names it; else nothing."""
    inside = [
        path.relative_to(folder / 'configs').as_posix()
        for folder in config_folders()
        for path in sorted((folder / 'configs').rglob('*.py'))
        if path.name == os.path.basename(base)
    ]
    if not inside:
        return ''
    closest = max(inside, key=lambda path: len(os.path.commonprefix([path[::-1], base[::-1]])))
    return f"; did you mean _base_ = '{PREFIX}{closest}'?"


MODULE2PACKAGE.setdefault('fra_plugin', 'fra_plugin')  # for mmengine.hub.get_config('fra_plugin::...')
Config._get_cfg_path = staticmethod(_base_path)
