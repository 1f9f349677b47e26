"""Scores of a fine-tuned classifier of mmpretrain: expressions or attributes."""

from typing import Any, List, Mapping, Optional, Tuple

import torch
from mmpretrain.registry import MODELS
from torch import nn

from ..checkpoints.pretrained_backbone import fill, named_tensors
from ..checkpoints.stored_config import model_config, refuse_foreign_types, stored_crop
from .deployable import Deployable, image_facts, source_facts


class ClassifierNetwork(nn.Module):
    """images (B, 3, S, S) -> scores (B, N), the probabilities of N classes (sum 1) or of N attributes (each by itself)."""

    def __init__(self, model: nn.Module, several: bool) -> None:
        super().__init__()
        self.model = model
        self.several = several

    def forward(self, images: torch.Tensor) -> Tuple[torch.Tensor]:
        logits = self.model.head(self.model.extract_feat(images))
        return (logits.sigmoid() if self.several else logits.softmax(dim=1),)


def is_classifier(parts: Mapping[str, Any], content: Any) -> bool:
    """Whether a config is of a classifier whose head is among the weights."""
    model = parts.get('model') or {}
    names = named_tensors(content, 'the checkpoint') if model.get('head') else ()
    return model.get('type') == 'ImageClassifier' and any(name.startswith('head.') for name in names)


def read_classifier(checkpoint: str, content: Any, parts: Mapping[str, Any]) -> Deployable:
    """The network of a fine-tuned classifier.

    Raises:
        ValueError: if it does not fit its config, or the config does not tell the size of images.
    """
    config = model_config(parts, checkpoint)
    refuse_foreign_types(config, checkpoint)
    crop = stored_crop(parts)
    if crop is None:
        raise ValueError(f'{checkpoint}: its config does not tell the size of images')
    model = MODELS.build(config).eval()
    fill(model, named_tensors(content, checkpoint), checkpoint, strict=True, whose=' of its config')
    several = 'MultiLabel' in config['head']['type']
    preprocessor = config.get('data_preprocessor') or {}
    facts = dict(
        task='attributes' if several else 'classes',
        **image_facts(
            (crop.size, crop.size),
            preprocessor.get('mean') or [0.0] * 3,
            preprocessor.get('std') or [1.0] * 3,
            preprocessor.get('to_rgb', False),
        ),
        crop=crop.settings(),
        classes=_classes(content),
        **source_facts(checkpoint),
    )
    return Deployable(ClassifierNetwork(model, several).eval(), (crop.size, crop.size), ['scores'], facts)


def _classes(content: Any) -> Optional[List[str]]:
    """Names of the classes, as mmengine keeps them in a checkpoint."""
    meta = content.get('meta') if isinstance(content, Mapping) else None
    known = (meta.get('dataset_meta') or {}) if isinstance(meta, Mapping) else {}
    classes = known.get('classes') if isinstance(known, Mapping) else None
    return [str(name) for name in classes] if isinstance(classes, (list, tuple)) else None
