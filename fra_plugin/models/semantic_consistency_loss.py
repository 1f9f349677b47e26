"""Embeddings of the same region agree across views, those of different regions do not.

Source: FRA (CVPR 2024), semantic consistency, with the official code's decorrelation of regions.
"""

import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS
from torch import nn

from .full_precision import full_precision


@full_precision
def semantic_consistency(pred: torch.Tensor, target: torch.Tensor, decorrelation_weight: float) -> torch.Tensor:
    """2 - 2 cos of equal regions + weight * sum of squared cosines with the other regions / K.

    Args:
        pred: (..., K, D), from the online network's predictor.
        target: (..., K, D), from the momentum network.
        decorrelation_weight: >= 0.

    Returns:
        Scalar, mean over all leading dimensions (views, images) and regions; its agreement part is in [0, 4].
    """
    cosine = F.normalize(pred, dim=-1) @ F.normalize(target, dim=-1).transpose(-2, -1)  # (..., K, K)
    num_regions = cosine.shape[-1]
    agreement = cosine.diagonal(dim1=-2, dim2=-1)
    other = ~torch.eye(num_regions, dtype=torch.bool, device=cosine.device)
    decorrelation = (cosine.square() * other).sum(dim=-1) / num_regions
    return (2 - 2 * agreement + decorrelation_weight * decorrelation).mean()


@MODELS.register_module()
class SemanticConsistencyLoss(nn.Module):
    """pred (..., K, D), target (..., K, D) -> scalar. K = 1 (the global embedding) leaves only the agreement.

    Example:
        >>> dict(type='SemanticConsistencyLoss', decorrelation_weight=0.02)

    Args:
        decorrelation_weight: weight >= 0 of the squared cosines between different regions. Defaults to 0.02.

    Raises:
        ValueError: if the weight is negative or not finite.
    """

    def __init__(self, decorrelation_weight: float = 0.02) -> None:
        super().__init__()
        if not 0 <= decorrelation_weight < float('inf'):
            raise ValueError(f'decorrelation_weight must be finite and not negative, got {decorrelation_weight}')
        self.decorrelation_weight = decorrelation_weight

    def forward(self, pred: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """No gradient reaches ``target``."""
        return semantic_consistency(pred, target.detach(), self.decorrelation_weight)
