"""What a fine-tuned model of mmpretrain predicts: classes, attributes, numbers such as ages, or the part of each pixel."""

from typing import Any, List, Mapping, Optional, Tuple

import torch
from mmpretrain.models import LinearClsHead, MultiLabelClsHead
from mmpretrain.registry import MODELS
from torch import nn
from torch.nn import functional as F

from ..checkpoints.pretrained_backbone import fill, named_tensors
from ..checkpoints.stored_config import model_config, refuse_foreign_types, sees_rgb, stored_crop
from ..models.transfer.linear_regression_head import LinearRegressionHead
from ..models.transfer.parsing_head import ParsingHead
from .deployable import Deployable, image_facts, source_facts

# What a head predicts; the first one that fits counts, as a regression head is a linear one, too.
TASKS = (
    (LinearRegressionHead, 'numbers'),
    (ParsingHead, 'parts'),
    (MultiLabelClsHead, 'attributes'),
    (LinearClsHead, 'classes'),
)


class ClassifierNetwork(nn.Module):
    """images (B, 3, S, S) -> what ``model.predict`` says about them.

    ========== ============ ===========================================================
    task       output
    ========== ============ ===========================================================
    classes    (B, N)       probabilities of N classes, sum 1
    attributes (B, N)       probabilities of N attributes, each by itself
    numbers    (B, N)       N numbers in the units of the data set
    parts      (B, K, S, S) probabilities of K facial parts at each pixel, sum 1 over K
    ========== ============ ===========================================================
    """

    def __init__(self, model: nn.Module, task: str) -> None:
        super().__init__()
        self.model = model
        self.task = task

    def forward(self, images: torch.Tensor) -> Tuple[torch.Tensor]:
        outputs = self.model.head(self.model.extract_feat(images))
        if self.task == 'parts':
            outputs = F.interpolate(outputs, images.shape[2:], mode='bilinear')
        if self.task != 'numbers':
            outputs = outputs.sigmoid() if self.task == 'attributes' else outputs.softmax(dim=1)
        return (outputs,)


def is_classifier(parts: Mapping[str, Any], content: Any) -> bool:
    """Whether a config is of a classifier whose head is among the weights."""
    model = parts.get('model') or {}
    names = named_tensors(content, 'the checkpoint') if model.get('head') else ()
    return model.get('type') == 'ImageClassifier' and any(name.startswith('head.') for name in names)


def read_classifier(checkpoint: str, content: Any, parts: Mapping[str, Any]) -> Deployable:
    """The network of a fine-tuned classifier.

    Raises:
        ValueError: if it does not fit its config, the config does not tell the size of images, or what its head predicts is
            not known here.
    """
    config = model_config(parts, checkpoint)
    refuse_foreign_types(config, checkpoint)
    crop = stored_crop(parts)
    if crop is None:
        raise ValueError(f'{checkpoint}: its config does not tell the size of images')
    model = MODELS.build(config).eval()
    fill(model, named_tensors(content, checkpoint), checkpoint, strict=True, whose=' of its config')
    task = next((task for kind, task in TASKS if isinstance(model.head, kind)), None)
    if task is None:
        known = ', '.join(kind.__name__ for kind, _ in TASKS)
        raise ValueError(
            f'{checkpoint}: the head {type(model.head).__name__} cannot be exported, expected one of {known}'
        )
    preprocessor = config.get('data_preprocessor') or {}
    facts = dict(
        task=task,
        **image_facts(
            (crop.size, crop.size),
            preprocessor.get('mean') or [0.0] * 3,
            preprocessor.get('std') or [1.0] * 3,
            sees_rgb(preprocessor),
        ),
        crop=crop.settings(),
        classes=_classes(content),
        **source_facts(checkpoint),
    )
    output = 'numbers' if task == 'numbers' else 'scores'
    return Deployable(ClassifierNetwork(model, task).eval(), (crop.size, crop.size), [output], facts)


def _classes(content: Any) -> Optional[List[str]]:
    """Names of the classes, as mmengine keeps them in a checkpoint."""
    meta = content.get('meta') if isinstance(content, Mapping) else None
    known = (meta.get('dataset_meta') or {}) if isinstance(meta, Mapping) else {}
    classes = known.get('classes') if isinstance(known, Mapping) else None
    return [str(name) for name in classes] if isinstance(classes, (list, tuple)) else None
