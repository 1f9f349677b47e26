"""The config that a training checkpoint carries, read as data.

mmengine saves the config as Python text and reads it by running it, and its registries import whatever dotted name a
config holds. A checkpoint from a stranger must be able to do neither.
"""

import ast
from typing import Any, Mapping, Optional

from ..configs import dicts
from ..datasets.transforms.face_crop import FaceCrop
from .registered_types import registered_name, with_names

# What tells how to build a model and how to prepare its images; the rest is not read.
LOADERS = ('test_dataloader', 'val_dataloader', 'train_dataloader')
PARTS = ('model', 'data_preprocessor', 'train_dataloader', 'val_dataloader', 'test_dataloader')

# A part of a transform's name, and its argument that tells the size of the images after it.
SIZES = (('FaceCrop', 'size'), ('Resize', 'scale'), ('Crop', 'crop_size'), ('TopdownAffine', 'input_size'))


def checkpoint_config(checkpoint: Any, source: str) -> Optional[dict]:
    """The parts ``PARTS`` of the config in ``checkpoint['meta']['cfg']``.

    Args:
        checkpoint: a loaded file.
        source: its name, for messages.

    Returns:
        The config, or None where the checkpoint carries none.

    Raises:
        ValueError: if its text is more than assigned values.
    """
    meta = checkpoint.get('meta') if isinstance(checkpoint, Mapping) else None
    text = meta.get('cfg') if isinstance(meta, Mapping) else None
    if not isinstance(text, str) or not text.strip():
        return None
    values = {}
    try:
        for statement in ast.parse(text).body:
            name = getattr(statement.targets[0], 'id', None) if isinstance(statement, ast.Assign) else None
            if name in PARTS:
                values[name] = ast.literal_eval(_PlainValues().visit(statement.value))
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(
            f'{source} carries a config that is more than values ({error}): name its config file'
        ) from None
    return {name: with_names(value) for name, value in values.items()}


class _PlainValues(ast.NodeTransformer):
    """dict(a=1), inf and nan, as mmengine prints them, as literals."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if getattr(node.func, 'id', None) != 'dict':
            raise ValueError(f'line {node.lineno} calls a function')
        if len(node.args) == 1 and isinstance(node.args[0], ast.Dict) and not node.keywords:
            return node.args[0]
        if node.args or any(keyword.arg is None for keyword in node.keywords):
            raise ValueError(f'line {node.lineno}: dict() of something else than names and values')
        return ast.Dict(
            [ast.Constant(keyword.arg) for keyword in node.keywords], [keyword.value for keyword in node.keywords]
        )

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Constant(float(node.id)) if node.id in ('inf', 'nan') else node


def model_config(config: Mapping[str, Any], source: str) -> dict:
    """The model's config without what only its training needs.

    Args:
        config: with the parts ``PARTS``.
        source: where it comes from, for messages.

    Raises:
        ValueError: if there is no model in it.
    """
    model = config.get('model')
    if not isinstance(model, dict) or 'type' not in model:
        raise ValueError(f'{source}: the config has no model')
    model = _without(with_names(model), ('init_cfg', 'pretrained', 'train_cfg'))
    if isinstance(model.get('backbone'), dict):
        model['backbone'] = without_masking(model['backbone'])
    preprocessor = model.get('data_preprocessor') or config.get('data_preprocessor')
    if preprocessor:
        model['data_preprocessor'] = with_names(dict(preprocessor))
    return model


def sees_rgb(preprocessor: Optional[Mapping[str, Any]]) -> bool:
    """Whether a model's images are RGB: its preprocessor calls that ``to_rgb`` in mmpretrain, ``bgr_to_rgb`` in mmpose."""
    preprocessor = preprocessor or {}
    return bool(preprocessor.get('to_rgb') or preprocessor.get('bgr_to_rgb'))


def without_masking(backbone: dict) -> dict:
    """The config of a ViT that sees whole images, where the backbone is MAE's, which hides patches; any other as it is.

    Both have the same tensors.
    """
    if str(backbone.get('type')).rpartition('.')[2] != 'MAEViT':
        return backbone
    kept = {key: value for key, value in backbone.items() if key != 'mask_ratio'}
    return dict(kept, type='VisionTransformer', out_type='featmap')


def refuse_foreign_types(model: Mapping[str, Any], source: str) -> None:
    """Every ``type`` in a model's config from a stranger must be something registered.

    Raises:
        ValueError: for another one.
    """
    for name in (part['type'] for part in dicts(model) if 'type' in part):
        if registered_name(name) is None:
            raise ValueError(
                f'{source} carries a config with the type {name!r}, which is no registered model: name its config file'
            )


def stored_crop(config: Mapping[str, Any]) -> Optional[FaceCrop]:
    """How faces are cut for the model: by the ``FaceCrop`` of its images, else by the size and the ``box_margin`` of its data.

    Args:
        config: with the parts ``PARTS``.

    Returns:
        None where no transform tells the size of images.

    Raises:
        ValueError: if the config's own ``FaceCrop`` has wrong settings.
    """
    datasets = [(config.get(part) or {}).get('dataset') for part in LOADERS]
    for part in dicts(datasets):
        if part.get('type') == 'FaceCrop':
            return FaceCrop(**{name: part[name] for name in ('size', 'margin', 'align') if name in part})
    size = input_size(config)
    if size is None:
        return None
    margins = [part['box_margin'] for part in dicts(datasets) if part.get('boxes') and 'box_margin' in part]
    return FaceCrop(size, margins[0]) if margins else FaceCrop(size)


def input_size(config: Mapping[str, Any]) -> Optional[int]:
    """Side in pixels of the images that the model is tested on, else trained on; None where no transform tells."""
    for part in LOADERS:
        for dataset in dicts((config.get(part) or {}).get('dataset')):
            size = _size_after(dataset.get('pipeline'))
            if size is not None:
                return size
    return None


def _size_after(transforms: Any) -> Optional[int]:
    """Side of the images after a list of transforms: the last one that tells; of views, the first."""
    if isinstance(transforms, dict):
        kind = str(transforms.get('type')).rpartition('.')[2]
        for part, name in SIZES:
            if part in kind and name in transforms:
                size = transforms[name]
                return max(size) if isinstance(size, (list, tuple)) else int(size)
        return _size_after(transforms.get('transforms'))
    if not isinstance(transforms, (list, tuple)):
        return None
    sizes = [size for size in map(_size_after, transforms) if size is not None]
    are_views = any(isinstance(view, (list, tuple)) for view in transforms)
    return (sizes[0] if are_views else sizes[-1]) if sizes else None


def _without(value: Any, names: tuple) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, names) for key, item in value.items() if key not in names}
    return type(value)(_without(item, names) for item in value) if isinstance(value, (list, tuple)) else value
