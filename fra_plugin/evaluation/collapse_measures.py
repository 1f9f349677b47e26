"""Numbers that tell a collapsed representation from a healthy one."""

import math
from typing import Callable, Dict

import torch
import torch.nn.functional as F


def effective_rank(embed: torch.Tensor) -> torch.Tensor:
    """How many directions a set of embeddings (N, D) uses, in [1, min(N - 1, D)]; NaN if one is not finite.

    exp(entropy of the eigenvalues, as shares, of the covariance of the normalised embeddings).
    Source: O. Roy and M. Vetterli, "The effective rank", EUSIPCO 2007, applied to the covariance matrix.
    """
    return rank_of_scatter(scatter(embed))


def scatter(embed: torch.Tensor) -> torch.Tensor:
    """The smaller of both scatter matrices, (D, D) or (N, N), of normalised embeddings (N, D): all that their rank needs."""
    direction = F.normalize(embed.float(), dim=1)
    centred = direction - direction.mean(dim=0)
    return centred.t() @ centred if len(centred) > centred.shape[1] else centred @ centred.t()


def rank_of_scatter(matrix: torch.Tensor) -> torch.Tensor:
    """The effective rank from what :func:`scatter` gives."""
    # A small symmetric matrix: the CPU is faster than a GPU here.
    matrix = matrix.cpu().double()
    if not matrix.isfinite().all():
        return matrix.new_tensor(math.nan)
    variance = torch.linalg.eigvalsh(matrix).clamp_min(0)
    share = variance / variance.sum().clamp_min(1e-12)  # all the same: entropy 0, rank 1
    return torch.special.entr(share).sum().exp()


def spread(embed: torch.Tensor) -> torch.Tensor:
    """Root of the summed variance over N of normalised embeddings (N, D): 0 if all are equal, 1 if they cancel out."""
    direction = F.normalize(embed.float(), dim=1)
    return direction.var(dim=0, unbiased=False).sum().sqrt()


def assignment_measures(region_logits: torch.Tensor, temperature: float) -> Dict[str, torch.Tensor]:
    """How the pixels are shared out, by softmax(``region_logits`` (B, K, H, W) / ``temperature``).

    Returns:
        By name:

        - ``use``: (K,), share of the pixels that each region wins, sums to 1;
        - ``entropy``: of the mean assignment, 1 where all regions are used equally, 0 where one takes all;
        - ``sharpness``: 1 minus the mean entropy of a pixel, 1 where each pixel belongs to one region, 0 where no region
          stands out. Entropies are relative to log K.
    """
    assign = (region_logits.float() / temperature).softmax(dim=1)
    wins = F.one_hot(assign.argmax(dim=1), assign.shape[1]).float()  # (B, H, W, K)
    max_entropy = math.log(max(assign.shape[1], 2))
    return dict(
        use=wins.mean(dim=(0, 1, 2)),
        entropy=torch.special.entr(assign.mean(dim=(0, 2, 3))).sum() / max_entropy,
        sharpness=1 - torch.special.entr(assign).sum(dim=1).mean() / max_entropy,
    )


def crop_agreement(heatmaps: Callable[[torch.Tensor], torch.Tensor], inputs: torch.Tensor) -> torch.Tensor:
    """Share of the pixels that belong to the same region when the face is seen in a crop.

    Regions that follow the face move with it; regions that follow the position in the image stay where they are. One
    region that takes all agrees with itself, so read it together with the use of the regions.

    Args:
        heatmaps: images (B, 3, H, W) -> masks or logits (B, K, h, w).
        inputs: images (B, 3, H, W). The crop is the part from 20 to 90 % of the width and 10 to 80 % of the height.

    Returns:
        Scalar in [0, 1].
    """
    height, width = inputs.shape[2:]
    left, right, top, bottom = (round(share * size) for share, size in (
        (0.2, width), (0.9, width), (0.1, height), (0.8, height)))  # yapf: disable
    crop = F.interpolate(inputs[..., top:bottom, left:right], (height, width), mode='bilinear', align_corners=False)
    in_crop = heatmaps(crop)
    to_whole = torch.tensor(
        [
            [(right - left) / width, 0, (left + right) / width - 1],
            [0, (bottom - top) / height, (top + bottom) / height - 1],
        ],
        dtype=inputs.dtype,
    ).to(inputs.device, non_blocking=True)
    grid = F.affine_grid(to_whole.expand(len(inputs), 2, 3), list(in_crop.shape), align_corners=False)
    whole = F.grid_sample(heatmaps(inputs), grid.to(in_crop.dtype), padding_mode='border', align_corners=False)
    return (whole.argmax(dim=1) == in_crop.argmax(dim=1)).float().mean()
