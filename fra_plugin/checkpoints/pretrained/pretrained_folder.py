"""A folder of model.safetensors, config.json (the model, its pre-processing, the crop of its faces) and README.md."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any, Dict, Mapping, NamedTuple, Union

import torch
from mmengine.config import Config

from ...datasets.transforms.face_crop import FaceCrop
from ...datasets.transforms.plain_faces import plain_pipeline
from ...files.whole_file import check_folder, make_folder
from ..export import write_weights
from ..safe_loading.safe_load import safe_load
from ..shipped_weights import SAVED_FILE
from ..stored_config import refuse_foreign_types, sees_rgb

CONFIG = 'config.json'
CARD = 'README.md'
REGION_NAMES = 'model.regions.json'  # where they are known


class PretrainedFolder(NamedTuple):
    """What a folder holds: the model's config, its tensors, the crop of its faces, and where they come from."""

    model: dict
    tensors: Dict[str, torch.Tensor]
    crop: FaceCrop
    origin: dict


def write_folder(folder: Union[str, os.PathLike], content: PretrainedFolder, card: str) -> None:
    """Write the three files; each is there whole or not at all, and none is touched where one can't be written.

    Args:
        folder: it is made. Other files in it stay.
        content: what to write.
        card: text of README.md.

    Raises:
        ValueError: if a tensor is not finite.
        NotADirectoryError: if ``folder`` is a file.
    """
    if not os.fspath(folder).strip():
        raise ValueError('expected a folder to write, got an empty name')
    folder = Path(folder).expanduser()
    check_folder(folder)
    model = {name: value for name, value in content.model.items() if name != 'data_preprocessor'}
    preprocessor = content.model.get('data_preprocessor') or {}
    config = dict(
        model_type='fra_plugin',
        model=model,
        crop=content.crop.settings(),
        preprocessing=dict(
            channel_order='RGB' if sees_rgb(preprocessor) else 'BGR',
            value_range=[0, 255],
            mean=list(preprocessor.get('mean') or [0.0]),
            std=list(preprocessor.get('std') or [1.0]),
        ),
        origin=content.origin,
    )
    make_folder(folder)
    with tempfile.TemporaryDirectory(prefix='.partial-', dir=folder) as partial:
        write_weights(content.tensors, dict(content.origin, format='pt'), os.path.join(partial, SAVED_FILE))
        Path(partial, CONFIG).write_text(json.dumps(config, indent=2, default=str) + '\n', encoding='utf-8')
        Path(partial, CARD).write_text(card, encoding='utf-8')
        for name in (SAVED_FILE, CONFIG, CARD):
            os.replace(os.path.join(partial, name), folder / name)


def read_folder(folder: Union[str, os.PathLike]) -> PretrainedFolder:
    """Read what :func:`write_folder` has written, as data: nothing in it is run.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if one is not as expected.
    """
    folder = Path(folder).expanduser()
    for name in (CONFIG, SAVED_FILE):
        if not (folder / name).is_file():
            raise FileNotFoundError(f'{folder} has no {name}: expected a folder that save_pretrained has written')
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding='utf-8'))
        model, crop, preprocessing = (dict(config[part]) for part in ('model', 'crop', 'preprocessing'))
        mean, std = ([float(value) for value in preprocessing[name]] for name in ('mean', 'std'))
        order, origin = preprocessing['channel_order'], dict(config.get('origin') or {})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f'{path}: expected the json of save_pretrained, {type(error).__name__}: {error}') from None
    if order not in ('RGB', 'BGR') or len(mean) not in (1, 3) or len(mean) != len(std) or not all(std):
        raise ValueError(f'{path}: expected channel_order RGB or BGR, and mean and std of three numbers, none of std 0')
    if 'type' not in model:
        raise ValueError(f'{path}: its model has no type')
    refuse_foreign_types(model, str(path))
    model['data_preprocessor'] = dict(mean=mean, std=std, to_rgb=order == 'RGB')
    return PretrainedFolder(model, _tensors(safe_load(folder / SAVED_FILE)), _crop(crop, path), origin)


def as_checkpoint(folder: Union[str, os.PathLike]) -> Dict[str, Any]:
    """What :func:`read_folder` reads, in the form of a training checkpoint: ``state_dict``, and ``meta`` with the config."""
    model, tensors, crop, origin = read_folder(folder)
    data = dict(dataset=dict(pipeline=plain_pipeline(crop.size, crop)))
    meta = {key: origin[key] for key in ('epoch', 'iter') if key in origin}
    meta.update(cfg=Config(dict(model=model, test_dataloader=data)).pretty_text, experiment_name=origin.get('config'))
    return dict(state_dict=tensors, meta=meta)


def _tensors(content: Mapping[str, Any]) -> Dict[str, torch.Tensor]:
    return dict(content.get('state_dict') or content)


def _crop(settings: Mapping[str, Any], path: Path) -> FaceCrop:
    try:
        return FaceCrop(**settings)
    except (TypeError, ValueError) as error:
        raise ValueError(f'{path}: crop: {error}') from None
