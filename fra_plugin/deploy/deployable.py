"""A checkpoint as a plain network: tensors in, named tensors out, and what has to be known to use it."""

import os
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import nn

from ..checkpoints.export import origin
from ..checkpoints.pretrained.pretrained_folder import read_folder
from ..checkpoints.safe_loading.safe_load import safe_load
from ..checkpoints.stored_config import checkpoint_config
from ..configs import load_config

INPUT = 'images'
TOLERANCE = 1e-4


class Deployable(NamedTuple):
    """A network for other programs.

    Attributes:
        network: images (B, 3, H, W), float32, prepared as ``facts`` says, to a tuple of the outputs, each with B first.
        size: (H, W).
        outputs: their names.
        facts: task, pre-processing, crop and origin, as plain values.
    """

    network: nn.Module
    size: Tuple[int, int]
    outputs: List[str]
    facts: Dict[str, Any]

    def example(self, batch: int = 2) -> torch.Tensor:
        """Images (batch, 3, H, W) of noise as a prepared image has it."""
        numbers = np.random.default_rng(0).standard_normal((batch, 3, *self.size))
        return torch.from_numpy(numbers.astype(np.float32))

    def run(self, images: torch.Tensor) -> List[torch.Tensor]:
        """The outputs of a batch."""
        with torch.no_grad():
            return list(self.network(images))


def read_deployable(checkpoint: str, config: Optional[str] = None, what: Optional[Sequence[str]] = None) -> Deployable:
    """The network of a checkpoint: features and regions, or what a fine-tuned one predicts.

    Args:
        checkpoint: as for ``FRAFeatures``; or of a fine-tuned model of mmpretrain or landmark model of mmpose.
        config: its config. Defaults to None: the one that the checkpoint carries.
        what: some of its outputs. Defaults to None, all.

    Raises:
        FileNotFoundError: if there is no such checkpoint or config.
        ValueError: if the checkpoint can't be read, does not fit its config or has no such output.
        ImportError: for landmarks, without mmpose.
    """
    from .classifier_network import is_classifier, read_classifier
    from .feature_network import read_features
    from .landmark_network import is_landmark_model, read_landmark_model

    parts, content = _config(checkpoint, config)
    if is_landmark_model(parts):
        found = read_landmark_model(checkpoint, content, parts)
    elif is_classifier(parts, content):
        found = read_classifier(checkpoint, content, parts)
    else:
        found = read_features(checkpoint, config)
    return _some_outputs(found, what) if what else found


def checked_differences(
    deployable: Deployable, run: Callable[[torch.Tensor], Sequence], runner: str
) -> Dict[str, float]:
    """How far the outputs of a written file are from the network's, for one image and for three.

    Args:
        deployable: the network.
        run: images to the outputs of the file.
        runner: name of what runs the file, for messages.

    Returns:
        The largest difference of each output, relative to its largest number (but 1 at least).

    Raises:
        ValueError: if one is above 1e-4, or not a number.
    """
    differences = dict.fromkeys(deployable.outputs, 0.0)
    for batch in (1, 3):
        images = deployable.example(batch)
        for name, values, expected in zip(deployable.outputs, run(images), deployable.run(images)):
            expected = expected.numpy()
            largest = np.abs(values - expected).max() / max(np.abs(expected).max(), 1.0)
            differences[name] = float(np.maximum(differences[name], largest))  # which keeps NaN
    for name, difference in differences.items():
        if not difference <= TOLERANCE:
            raise ValueError(f'{runner} and torch differ by {difference:.1e} in {name}: nothing is written')
    return differences


def source_facts(checkpoint: str) -> Dict[str, Any]:
    """Name and hash of the checkpoint; those of a folder that save_pretrained wrote are of what it was made from."""
    is_folder = os.path.isdir(os.path.expanduser(checkpoint))
    known = read_folder(checkpoint).origin if is_folder else origin(checkpoint)
    return {name: known[name] for name in ('source', 'sha256') if name in known}


def image_facts(size: Tuple[int, int], mean: Sequence[float], std: Sequence[float], rgb: bool) -> Dict[str, Any]:
    """How an image becomes the input: resized, its channels in that order, (value - mean) / std of values from 0 to 255."""
    return dict(
        input=INPUT,
        layout='NCHW',
        height=size[0],
        width=size[1],
        channel_order='RGB' if rgb else 'BGR',
        value_range=[0, 255],
        mean=[float(value) for value in mean],
        std=[float(value) for value in std],
        formula='(value - mean) / std',
    )


def _config(checkpoint: str, config: Optional[str]) -> Tuple[dict, Any]:
    if os.path.isdir(os.path.expanduser(checkpoint)):  # what save_pretrained wrote: features
        return {}, {}
    content = safe_load(checkpoint)
    return (load_config(config).to_dict() if config else checkpoint_config(content, checkpoint)) or {}, content


class _Chosen(nn.Module):
    """Some of the outputs of a network."""

    def __init__(self, network: nn.Module, places: Sequence[int]) -> None:
        super().__init__()
        self.network = network
        self.places = list(places)

    def forward(self, images: torch.Tensor) -> Tuple[torch.Tensor, ...]:
        outputs = self.network(images)
        return tuple(outputs[place] for place in self.places)


def _some_outputs(found: Deployable, what: Sequence[str]) -> Deployable:
    for name in what:
        if name not in found.outputs:
            raise ValueError(f'the model gives {", ".join(found.outputs)}, not {name!r}')
    places = [found.outputs.index(name) for name in what]
    return found._replace(network=_Chosen(found.network, places).eval(), outputs=list(what))
