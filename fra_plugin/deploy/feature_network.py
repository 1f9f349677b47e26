"""Features and regions of a pre-trained model, as FRAFeatures gives them."""

from typing import Optional, Tuple

import torch
from torch import nn

from ..apis import FRAFeatures
from ..evaluation.labelled_features import pooled
from .deployable import Deployable, image_facts, source_facts


class FeatureNetwork(nn.Module):
    """images (B, 3, S, S) -> embedding (B, C), feature_map (B, C, h, w) and, of an FRA model, heatmaps (B, K, h, w)."""

    def __init__(self, features: FRAFeatures) -> None:
        super().__init__()
        self.backbone = features.backbone
        self.neck = features.model.neck if features.model is not None else None

    def forward(self, images: torch.Tensor) -> Tuple[torch.Tensor, ...]:
        feats = self.backbone(images)
        feature_map = feats[-1] if isinstance(feats, (list, tuple)) else feats
        if feature_map.dim() != 4:
            return (pooled(feats),)
        outputs = (pooled(feats), feature_map)
        if self.neck is not None:
            outputs += (self.neck.heatmap_head.masks(self.neck.region_logits(feats)),)
        return outputs


def read_features(checkpoint: str, config: Optional[str] = None) -> Deployable:
    """The network of :class:`FRAFeatures`."""
    features = FRAFeatures(checkpoint, config, 'cpu')
    network = FeatureNetwork(features).eval()
    size = (features.size, features.size)
    count = len(Deployable(network, size, [], {}).run(torch.zeros(1, 3, *size)))
    mean, std = (
        values.reshape(-1).tolist() * (1 if values.size > 1 else 3) for values in (features.mean, features.std)
    )
    facts = dict(
        task='features',
        **image_facts(size, mean, std, features.to_rgb),
        crop=features.crop.settings(),
        **source_facts(checkpoint),
    )
    return Deployable(network, size, ['embedding', 'feature_map', 'heatmaps'][:count], facts)
