"""Weights files are read without running code that they may carry: for every OpenMMLab loader, under any torch.

A checkpoint is a pickle, and a pickle may name any function to call. `torch.load(weights_only=True)` refuses that, but
also the training checkpoints of mmengine (message hub, numpy scalars), and what it lets through differs from torch to
torch. Here one unpickler with one list of harmless names serves every torch alike, from 2.1 on. Importing this module puts
it behind mmengine's CheckpointLoader, hence behind `resume`, `load_from`, `init_cfg=dict(type='Pretrained', ...)` and
`init_model` of mmpretrain and mmpose.
"""

import os
import pickle
import tarfile
import zipfile
from typing import Any, Dict, Union

import torch
from mmengine.dist import get_rank
from mmengine.fileio import get_local_path
from mmengine.runner import CheckpointLoader
from mmengine.runner import checkpoint as mmengine_checkpoint

from ...processes import on_all
from ..shipped_weights import find_checkpoint
from . import safe_unpickler
from .allowed_names import names_in_environment
from .safe_unpickler import UnknownName, UnsuitableName


class RefusedNameError(ValueError):
    """A file that may be whole, and names a class that is neither harmless nor allowed."""


def _refuse_other_formats(path: str) -> None:
    """Lets through torch's two formats; torch.load itself would also open TorchScript and tar archives."""
    with open(path, 'rb') as file:
        start = file.read(4)
    try:
        is_archive = start == b'PK\x03\x04' and zipfile.is_zipfile(path)
        names = zipfile.ZipFile(path).namelist() if is_archive else []
    except OSError:
        raise
    except Exception as error:  # a damaged archive can fail in any way
        raise ValueError(f'{path} cannot be read, damaged or cut short? {error}') from error
    if is_archive:
        if any(os.path.basename(name) == 'constants.pkl' for name in names):
            raise ValueError(f'{path} is a TorchScript program, not weights: export its state_dict')
    elif not start.startswith(b'\x80') or tarfile.is_tarfile(path):
        raise ValueError(f'{path} is not a checkpoint of torch: expected a file written by torch.save or safetensors')


def safe_load(path: Union[str, os.PathLike], map_location: Any = 'cpu') -> Any:
    """Reads a weights file or a training checkpoint.

    Args:
        path: local file written by `torch.save` (either format) or, by its ending, a `.safetensors` file; or the name
            of weights that come with this package.
        map_location: as for `torch.load`.

    Returns:
        What was saved: tensors, arrays, numbers, strings and containers of them, message hub included. Of a
        `.safetensors` file with a record in it, `state_dict` and `meta` (the record, texts only).

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is none of the formats, is cut short, or names anything that could run code.
    """
    path = find_checkpoint(path)
    if path.endswith('.safetensors'):
        return _load_safetensors(path, map_location)
    _refuse_other_formats(path)
    names_in_environment()
    try:
        # Ours is the stricter check than weights_only, and the only one that is the same in every torch.
        with torch.sparse.check_sparse_tensor_invariants():
            checkpoint = torch.load(path, map_location=map_location, pickle_module=safe_unpickler, weights_only=False)
    except UnknownName as error:
        raise RefusedNameError(f'{path} is refused: it names {error}, which may run code; {error.advice()}') from None
    except UnsuitableName as error:
        raise RefusedNameError(f'{path}: {error}') from error
    except pickle.UnpicklingError as error:
        raise ValueError(
            f'{path} is refused: loading it would need {error}, which may run code; expected tensors, '
            'numbers, text and other plain values only'
        ) from None
    except OSError:
        raise
    except Exception as error:  # bytes that are no pickle can fail in any way
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f'{path} cannot be read, damaged or cut short? {reason}') from error
    if isinstance(checkpoint, dict) and isinstance(checkpoint.get('meta'), dict):
        # Runner.resume runs a config found under this name as Python. mmengine itself writes `cfg`, which it only reads.
        checkpoint['meta'].pop('config', None)
    return checkpoint


def _load_safetensors(path: str, map_location: Any) -> Dict[str, Any]:
    try:
        from safetensors import SafetensorError, safe_open
        from safetensors.torch import load_file
    except ImportError:
        raise ImportError(f'{path} needs safetensors: pip install safetensors') from None
    try:
        tensors = load_file(path)
        with safe_open(path, 'pt') as file:
            meta = file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(f'{path} is damaged or cut short: {error}') from None
    if map_location:
        tensors = {name: tensor.to(map_location) for name, tensor in tensors.items()}
    return dict(state_dict=tensors, meta=meta) if 'cfg' in meta else tensors


@CheckpointLoader.register_scheme(prefixes=('', r'(\S+\:)?s3://', r'(\S+\:)?petrel://'), force=True)
def load_from_local(filename: str, map_location: Any = None) -> Any:
    """mmengine's loader of files, on a disk or in an object store (mmengine's log drops the first ten letters)."""
    with get_local_path(filename) as path:
        return safe_load(path, map_location)


@CheckpointLoader.register_scheme(prefixes=('http://', 'https://'), force=True)
def load_from_http(filename: str, map_location: Any = None, model_dir: Any = None, progress: bool = True) -> Any:
    """mmengine's loader of addresses: the file is kept in torch.hub's cache, and its hash checked if the name has one.

    The first process of each machine downloads it, as machines may have caches of their own.

    Raises:
        OSError: on all processes, if it can't be downloaded.
    """
    folder = model_dir or os.path.join(torch.hub.get_dir(), 'checkpoints')
    path = os.path.join(folder, os.path.basename(filename.split('?')[0]))

    def download() -> None:
        if os.path.isfile(path):
            return
        os.makedirs(folder, exist_ok=True)
        digest = torch.hub.HASH_REGEX.search(os.path.basename(path))
        try:  # torch writes another file first, and renames it
            torch.hub.download_url_to_file(filename, path, digest.group(1) if digest else None, progress=progress)
        except (OSError, RuntimeError) as error:
            raise OSError(f'{filename} could not be downloaded to {path}: {error}') from None

    first_here = int(os.environ.get('LOCAL_RANK', get_rank())) == 0
    on_all(download if first_here else lambda: None)
    on_all(download)  # where a launcher numbers the processes of a machine in another way
    return safe_load(path, map_location)


# torchvision://, open-mmlab:// and mmcls:// look an address up and then call this name in mmengine's module.
mmengine_checkpoint.load_from_http = load_from_http
