"""STAR loss: landmark error along the principal axes of the predicted heatmap, divided by the spread along each.

Source: Zhou et al., "STAR Loss: Reducing Semantic Ambiguity in Facial Landmark Detection", CVPR 2023, section 4. A
heatmap that is long in one direction (a point on the jaw line) says that the annotators disagree along it, so errors
along it count less. Constants are those of the authors' release. Differs from it in two things. Principal axes of a
heatmap that is equally wide in all directions are undefined and their gradient is infinite; here the split between the
axes fades out smoothly where the two spreads agree to ``AXIS_SOFTNESS``, so that the loss has a finite and true gradient
everywhere. And the covariance is the heatmap's own, not divided by 1 - sum of h^2 as that of a sample: for a heatmap on
one pixel that would be 0 / 0.
"""

from typing import Optional

import torch
from mmengine.registry import MODELS
from torch import Tensor, nn

from ..full_precision import full_precision

AXIS_SOFTNESS = 1e-3  # the variances' half difference, over their geometric mean, below which the axes fade out
MIN_VARIANCE = 1e-5  # added to both variances: (0.1 pixel of a 64-pixel map) ** 2


@full_precision
def star_loss(heatmaps: Tensor, target: Tensor, beta: float = 0.01, value_weight: float = 1.0) -> Tensor:
    """STAR loss of each landmark.

    With the heatmap as a distribution h over pixels, its mean mu (soft-argmax), its covariance's eigenvalues
    l_1 >= l_2 and unit eigenvectors v_1, v_2, and d the smooth L1 distance:

        sum over j of  d(v_j . (target - mu)) / sqrt(l_j)   +   value_weight * (l_1 + l_2)

    The second term is the paper's value restriction: without it the loss could be lowered by widening the heatmap.
    Lengths are in units in which the map is 2 wide and 2 high, as in the paper.

    Args:
        heatmaps: not negative, (B, K, H, W); divided by their sum here. Pixel j of a row lies at j / W of the width.
        target: true landmarks, (B, K, 2), x and y in [0, 1] of the map (mmpose's regression labels).
        beta: error at which the distance turns from quadratic to linear, > 0. 0.01 is 1.3 pixels of a 256-pixel crop.
        value_weight: weight of the value restriction, >= 0.

    Returns:
        Loss, (B, K).
    """
    height, width = heatmaps.shape[-2:]
    probability = heatmaps / heatmaps.sum(dim=(-2, -1), keepdim=True).clamp(min=1e-12)
    xs = 2 * torch.arange(width, dtype=heatmaps.dtype, device=heatmaps.device) / width
    ys = 2 * torch.arange(height, dtype=heatmaps.dtype, device=heatmaps.device) / height
    over_x, over_y = probability.sum(dim=-2), probability.sum(dim=-1)  # marginals, (B, K, W) and (B, K, H)
    mean_x, mean_y = over_x @ xs, over_y @ ys
    from_x, from_y = xs - mean_x[..., None], ys - mean_y[..., None]
    var_x = (over_x * from_x**2).sum(dim=-1)
    var_y = (over_y * from_y**2).sum(dim=-1)
    covariance = ((probability @ from_x[..., None]).squeeze(-1) * from_y).sum(dim=-1)
    error_x, error_y = (2 * target - torch.stack([mean_x, mean_y], dim=-1)).unbind(dim=-1)

    # Closed form of the 2 x 2 eigenproblem. half_gap is (l_1 - l_2) / 2, lifted off zero by a share of the determinant.
    a, c = var_x + MIN_VARIANCE, var_y + MIN_VARIANCE
    half_trace, half_difference = (a + c) / 2, (a - c) / 2
    determinant = (a * c - covariance**2).clamp(min=MIN_VARIANCE**2)
    half_gap = (half_difference**2 + covariance**2 + AXIS_SOFTNESS**2 * determinant).sqrt()
    major = half_trace + half_gap
    minor = (1 - AXIS_SOFTNESS**2) * determinant / major  # = half_trace - half_gap, without its cancellation

    # Squared errors along the axes need no eigenvectors: v_1 v_1^T = (I + (covariance - half_trace I) / half_gap) / 2.
    squared_error = error_x**2 + error_y**2
    imbalance = (half_difference * (error_x**2 - error_y**2) + 2 * covariance * error_x * error_y) / half_gap
    along_major = ((squared_error + imbalance) / 2).clamp(min=0)
    along_minor = ((squared_error - imbalance) / 2).clamp(min=0)
    distance = (
        smooth_l1_of_square(along_major, beta) / major.sqrt() + smooth_l1_of_square(along_minor, beta) / minor.sqrt()
    )
    return distance + value_weight * (var_x + var_y)


def smooth_l1_of_square(squared: Tensor, beta: float) -> Tensor:
    """Smooth L1 distance of an error, from the error's square (>= 0): finite gradient at 0, unlike through a root."""
    linear = squared.clamp(min=beta**2).sqrt() - beta / 2
    return torch.where(squared < beta**2, squared / (2 * beta), linear)


@MODELS.register_module()
class STARLoss(nn.Module):
    """Heatmaps (B, K, H, W) and true landmarks (B, K, 2) -> mean of :func:`star_loss` over the labelled landmarks.

    Computed with autocast off, half-precision heatmaps in float32.

    Example:
        >>> dict(type='STARLoss', value_weight=1.0)

    Args:
        beta: error at which the distance turns from quadratic to linear, > 0. Defaults to 0.01.
        value_weight: weight of the value restriction, >= 0. Defaults to 1.0.
        loss_weight: weight of the whole. Defaults to 1.0.

    Raises:
        ValueError: if ``beta`` is not positive, a weight is negative, or shapes don't fit together.
    """

    def __init__(self, beta: float = 0.01, value_weight: float = 1.0, loss_weight: float = 1.0) -> None:
        super().__init__()
        if beta <= 0:
            raise ValueError(f'beta must be > 0, got {beta}')
        if value_weight < 0 or loss_weight < 0:
            raise ValueError(f'weights must be >= 0, got value_weight={value_weight}, loss_weight={loss_weight}')
        self.beta = beta
        self.value_weight = value_weight
        self.loss_weight = loss_weight

    def forward(self, heatmaps: Tensor, target: Tensor, target_weight: Optional[Tensor] = None) -> Tensor:
        """Loss, a scalar.

        Args:
            heatmaps: not negative, (B, K, H, W); divided by their sum.
            target: x and y in [0, 1] of the map, (B, K, 2).
            target_weight: weight of each landmark, (B, K), 0 where it is not labelled. Defaults to
                None, 1 everywhere.
        """
        if heatmaps.dim() != 4 or target.shape != (*heatmaps.shape[:2], 2):
            raise ValueError(
                f'heatmaps must be (B, K, H, W) and target (B, K, 2), got {tuple(heatmaps.shape)} and '
                f'{tuple(target.shape)}'
            )
        if target_weight is not None and target_weight.shape != heatmaps.shape[:2]:
            raise ValueError(
                f'target_weight must be (B, K) = {tuple(heatmaps.shape[:2])}, got {tuple(target_weight.shape)}'
            )
        if target_weight is None:
            target_weight = torch.ones_like(target[..., 0])
        # A landmark without a label may carry any target, even NaN, whose gradient a zero weight would not stop.
        target = torch.where(target_weight[..., None] > 0, target, torch.zeros_like(target))
        losses = star_loss(heatmaps, target, self.beta, self.value_weight)
        return self.loss_weight * (losses * target_weight).sum() / target_weight.sum().clamp(min=1e-12)
