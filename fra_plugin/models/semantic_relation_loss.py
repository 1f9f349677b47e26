"""Deep clustering of the pixels: online and momentum network assign a pixel to the same region.

Source: FRA (CVPR 2024), semantic relation; balanced targets as in SwAV (NeurIPS 2020). Not in the paper: ``per_face``, and
networks that look at different views.
"""

import math
from typing import Optional

import torch
from mmengine import dist
from mmpretrain.registry import MODELS
from torch import nn

from .carry_over import carry_over
from .full_precision import full_precision
from .process_mean import process_mean


@torch.no_grad()
def sinkhorn(prob: torch.Tensor, iters: int, sync: bool = True) -> torch.Tensor:
    """Balance assignments so that all regions are used equally over N pixels.

    Args:
        prob: (..., N, K), positive; leading dimensions are balanced each for itself.
        iters: rounds of first regions, then pixels.
        sync: balance over the pixels of all processes, each of which has the same N. Defaults to True.

    Returns:
        (..., N, K); each row sums to 1.
    """

    def over_processes(total: torch.Tensor) -> torch.Tensor:
        # Every process takes part in every reduction: a condition on data would let processes wait for each other.
        if sync:
            dist.all_reduce(total)
        return total

    num_pixels = prob.shape[-2] * (dist.get_world_size() if sync else 1)
    num_regions = prob.shape[-1]
    assign = prob / over_processes(prob.sum(dim=(-2, -1), keepdim=True))
    for _ in range(iters):
        assign = assign / (over_processes(assign.sum(dim=-2, keepdim=True)) * num_regions)
        assign = assign / (assign.sum(dim=-1, keepdim=True) * num_pixels)
    return assign * num_pixels


@full_precision
def semantic_relation(
    student_logits: torch.Tensor,
    teacher_logits: torch.Tensor,
    *,
    student_temp: float,
    teacher_temp: float,
    sinkhorn_iters: int,
    entropy_weight: float,
    sync_grad: bool,
    per_face: bool,
    boxes: Optional[torch.Tensor],
    teacher_boxes: Optional[torch.Tensor],
) -> torch.Tensor:
    """Cross-entropy of balanced teacher and student assignments + weight * (log K - entropy of the region use).

    Args:
        student_logits, teacher_logits: (V, B, K, H, W) cosines of both networks on V views.
        boxes, teacher_boxes: (V, B, 4) of their views, see :func:`carry_over`; None where both look at the same view.

    Returns:
        Scalar, mean over the views, each of which is balanced by itself.
    """
    log_assign = (student_logits / student_temp).log_softmax(dim=2)
    # At low temperatures the softmax rounds to 0; a region that is 0 at all pixels could not be balanced.
    teacher_assign = (teacher_logits / teacher_temp).softmax(dim=2).clamp_min(1e-30).movedim(2, 4)
    # (V, B, N, K) with the N pixels of each face, or (V, N, K) with those of all
    target_assign = sinkhorn(teacher_assign.flatten(2 if per_face else 1, 3), sinkhorn_iters, sync=not per_face)
    target_assign = target_assign.view_as(teacher_assign).movedim(4, 2)
    if boxes is None:
        cross_entropy = -(target_assign * log_assign).sum(dim=2).mean()
    else:
        views = target_assign.shape[:2]
        target_assign, shown = (part.unflatten(0, views) for part in carry_over(
            target_assign.flatten(0, 1), teacher_boxes.flatten(0, 1), boxes.flatten(0, 1)))  # fmt: skip
        # Over the pixels of all processes that both views show; their number differs from process to process.
        cross_entropy = (-(target_assign * log_assign).sum(dim=2) * shown).sum(dim=(1, 2, 3))  # (V,)
        cross_entropy = (cross_entropy / process_mean(shown.sum(dim=(1, 2, 3)).to(cross_entropy)).clamp_min(1)).mean()

    region_use = log_assign.exp().mean(dim=(3, 4))  # (V, B, K)
    if not per_face:
        region_use = process_mean(region_use.mean(dim=1), sync_grad)
    # The gradient of p log p is infinite at 0.
    use_entropy = torch.special.entr(region_use.clamp_min(1e-12)).sum(dim=-1).mean()
    return cross_entropy + entropy_weight * (math.log(region_use.shape[-1]) - use_entropy)


@MODELS.register_module()
class SemanticRelationLoss(nn.Module):
    """student and teacher logits (B, K, H, W) of one view, or (V, B, K, H, W) of several -> scalar, their mean.

    Example:
        >>> dict(type='SemanticRelationLoss', teacher_temp=0.04, sinkhorn_iters=3)

    Args:
        student_temp: softmax temperature of the online network, > 0. Defaults to 0.1.
        teacher_temp: softmax temperature of the momentum network, > 0. Defaults to 0.04.
        sinkhorn_iters: rounds of balancing, >= 0. Defaults to 3.
        entropy_weight: weight >= 0 of the equal use of the regions. Defaults to 1.0.
        loss_weight: weight >= 0 of the whole. Defaults to 0.1.
        sync_grad: let gradients pass through the average over processes; False is the official behaviour.
            Defaults to True.
        per_face: balance the regions within each face instead of over all faces, where whole faces may become a
            region. Not in the paper. Defaults to False.

    Raises:
        ValueError: for an argument out of its range.
    """

    def __init__(
        self,
        *,
        student_temp: float = 0.1,
        teacher_temp: float = 0.04,
        sinkhorn_iters: int = 3,
        entropy_weight: float = 1.0,
        loss_weight: float = 0.1,
        sync_grad: bool = True,
        per_face: bool = False,
    ) -> None:
        super().__init__()
        for name, value in dict(student_temp=student_temp, teacher_temp=teacher_temp).items():
            if not 0 < value < float('inf'):
                raise ValueError(f'{name} must be positive and finite, got {value}')
        for name, value in dict(
            sinkhorn_iters=sinkhorn_iters, entropy_weight=entropy_weight, loss_weight=loss_weight
        ).items():
            if not 0 <= value < float('inf'):
                raise ValueError(f'{name} must be finite and not negative, got {value}')
        self.student_temp = student_temp
        self.teacher_temp = teacher_temp
        self.sinkhorn_iters = sinkhorn_iters
        self.entropy_weight = entropy_weight
        self.loss_weight = loss_weight
        self.sync_grad = sync_grad
        self.per_face = per_face

    def forward(
        self,
        student_logits: torch.Tensor,
        teacher_logits: torch.Tensor,
        boxes: Optional[torch.Tensor] = None,
        teacher_boxes: Optional[torch.Tensor] = None,
    ) -> torch.Tensor:
        """Loss of the student's pixels; no gradient reaches ``teacher_logits``.

        Args:
            boxes, teacher_boxes: (B, 4) or (V, B, 4) of the student's and of the teacher's view, in pixels, see
                :mod:`carry_over`. What the teacher finds is then carried over to the student's view, and pixels that one
                of the two doesn't show don't count. Defaults to None, both look at the same view.
        """
        if student_logits.dim() == 4:
            student_logits, teacher_logits = student_logits[None], teacher_logits[None]
            boxes, teacher_boxes = (None if box is None else box[None] for box in (boxes, teacher_boxes))
        return self.loss_weight * semantic_relation(
            student_logits,
            teacher_logits.detach(),
            student_temp=self.student_temp,
            teacher_temp=self.teacher_temp,
            sinkhorn_iters=self.sinkhorn_iters,
            entropy_weight=self.entropy_weight,
            sync_grad=self.sync_grad,
            per_face=self.per_face,
            boxes=boxes,
            teacher_boxes=teacher_boxes,
        )
