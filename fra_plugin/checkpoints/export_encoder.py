"""The online encoder of an FRA checkpoint: backbone, neck and prototype, without what only training needs."""

from typing import Dict, Optional

import torch
from mmengine.config import Config

from ..configs import load_config
from ..datasets.transforms.plain_faces import plain_pipeline
from .checked_load import unwrapped_name
from .export import origin, run_of, write_weights
from .pretrained_backbone import named_tensors
from .safe_loading.safe_load import safe_load
from .shipped_weights import find_checkpoint, refuse_overwriting
from .stored_config import checkpoint_config, model_config, stored_crop

ENCODER_PARTS = ('backbone.', 'neck.')


def export_encoder(checkpoint: str, out: str, config: Optional[str] = None, half: bool = True) -> dict:
    """Write the encoder with its config: features and regions, but no training, go on from it.

    Args:
        checkpoint: of FRA.
        out: file to write, ``.safetensors`` or ``.pth``.
        config: config of the model. Defaults to None, the one in the checkpoint.
        half: store matrices and kernels as float16; vectors, such as the statistics of norm layers, and counters stay as
            they are. Defaults to True.

    Returns:
        The record that the file carries: origin, run and config.

    Raises:
        FileNotFoundError: if there is no such checkpoint or config.
        ValueError: if the checkpoint has no encoder of FRA, or no config and none is named, or if ``out`` is the
            checkpoint itself.
    """
    checkpoint = find_checkpoint(checkpoint)
    refuse_overwriting(checkpoint, out)
    content = safe_load(checkpoint)
    tensors = encoder_tensors(named_tensors(content, checkpoint), checkpoint)
    parts = load_config(config).to_dict() if config else checkpoint_config(content, checkpoint)
    if parts is None:
        raise ValueError(f'{checkpoint} carries no config: name its config file')
    model, crop = model_config(parts, checkpoint), stored_crop(parts)
    if model['type'] not in ('FRA', 'mmpretrain.FRA') or not crop:
        raise ValueError(f'expected the config of an FRA and the size of its images, got {model["type"]}, crop {crop}')
    if half:
        tensors = {
            name: tensor.half() if tensor.dim() > 1 and tensor.is_floating_point() else tensor
            for name, tensor in tensors.items()
        }
    text = Config(
        dict(model=model, test_dataloader=dict(dataset=dict(pipeline=plain_pipeline(crop.size, crop))))
    ).pretty_text
    record = dict(origin(checkpoint), network='online', cfg=text, **run_of(content))
    write_weights(tensors, record, out)
    return record


def encoder_tensors(state_dict: Dict[str, torch.Tensor], source: str) -> Dict[str, torch.Tensor]:
    """The tensors of backbone and neck.

    Raises:
        ValueError: if one of the two is missing.
    """
    names = {unwrapped_name(name): name for name in state_dict}
    for part in ENCODER_PARTS:
        if not any(name.startswith(part) for name in names):
            raise ValueError(f'{source} has no {part[:-1]} of FRA; its tensors are {", ".join(list(names)[:3])}, ...')
    return {name: state_dict[given] for name, given in names.items() if name.startswith(ENCODER_PARTS)}
