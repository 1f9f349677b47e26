"""Frozen features as the prediction of mmpretrain's ImageClassifier."""

from typing import List, Optional, Tuple

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class FeatureHead(BaseModule):
    """Pooled features (B, C) -> ``feature`` (C,) in each data sample; for evaluation only, it has no loss.

    Example:
        >>> dict(type='ImageClassifier', backbone=dict(type='ResNet', depth=50), head=dict(type='FeatureHead'))
    """

    def pre_logits(self, feats: Tuple[torch.Tensor, ...]) -> torch.Tensor:
        """The last stage's features (B, C)."""
        return feats[-1]

    def forward(self, feats: Tuple[torch.Tensor, ...]) -> torch.Tensor:
        return self.pre_logits(feats)

    def loss(self, feats, data_samples, **kwargs):
        raise TypeError('FeatureHead gives features and cannot be trained: use a classification head')

    def predict(
        self, feats: Tuple[torch.Tensor, ...], data_samples: Optional[List[Optional[DataSample]]] = None
    ) -> List[DataSample]:
        """Data samples with a ``feature`` each."""
        features = self(feats)
        samples = data_samples or [None] * len(features)
        samples = [DataSample() if sample is None else sample for sample in samples]
        for sample, feature in zip(samples, features):
            sample.set_field(feature, 'feature')
        return samples
