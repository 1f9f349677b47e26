"""Do the regions follow the face? Normalised mutual information between region and facial part, by landmarks.

The region of a landmark is the winner of the heatmaps at its place. If regions are eyes, nose and mouth, the region
tells the part (jaw, brows, nose, left eye, right eye, mouth) and the value is near 1; regions that have nothing to do
with the face, and a single region that takes all, have about 0. Regions that follow the position in the image score
too where all faces stand at the same place: so compare with :func:`grid_regions`, and use views that are cropped
differently.
"""

from typing import Dict, Optional, Tuple, Union

import numpy as np
import torch
import torch.nn.functional as F

from ..landmark_layouts import LANDMARK_LAYOUTS

WidthHeight = Union[int, Tuple[int, int]]


def landmark_parts(num_landmarks: int) -> Dict[str, Tuple[int, ...]]:
    """Landmarks of each facial part by its name; left and right eye (the person's) are two where the mark-up tells them apart.

    Raises:
        ValueError: for a mark-up that is not known.
    """
    layout = LANDMARK_LAYOUTS.get(num_landmarks)
    if layout is None:
        raise ValueError(f'facial parts are known for {sorted(LANDMARK_LAYOUTS)} landmarks, got {num_landmarks}')
    parts = dict(layout.groups)
    if sorted(sum(layout.pupils, ())) == sorted(parts['eyes']):
        del parts['eyes']
        parts['right eye'], parts['left eye'] = layout.pupils
    return parts


def landmark_groups(num_landmarks: int) -> np.ndarray:
    """Number of the facial part of each landmark (L,), in the order of :func:`landmark_parts`.

    Raises:
        ValueError: for a mark-up that is not known.
    """
    groups = np.empty(num_landmarks, np.int64)
    for number, landmarks in enumerate(landmark_parts(num_landmarks).values()):
        groups[list(landmarks)] = number
    return groups


def landmark_regions(heatmaps: torch.Tensor, landmarks: torch.Tensor, image_size: WidthHeight) -> torch.Tensor:
    """Winning region at each landmark, heatmaps interpolated bilinearly.

    Args:
        heatmaps: masks or logits (B, K, h, w).
        landmarks: x, y in pixels of the image that the heatmaps are of, (B, L, 2); (0, 0) is the centre of its first
            pixel.
        image_size: width and height in pixels, or one number for a square.

    Returns:
        (B, L), int64; -1 for a landmark outside the image or not a number.

    Raises:
        ValueError: for other shapes than these.
    """
    if heatmaps.dim() != 4 or landmarks.dim() != 3 or landmarks.shape[2] != 2 or len(heatmaps) != len(landmarks):
        raise ValueError(
            'expected heatmaps (B, K, h, w) and landmarks (B, L, 2), got '
            f'{tuple(heatmaps.shape)} and {tuple(landmarks.shape)}'
        )
    place = _relative(landmarks.to(heatmaps.device), image_size)
    inside = (place.abs() <= 1).all(dim=2)
    values = F.grid_sample(
        heatmaps.float(),
        torch.where(inside[..., None], place, torch.zeros_like(place))[:, None],
        padding_mode='border',
        align_corners=False,
    )[:, :, 0]  # (B, K, L)
    return values.argmax(dim=1).masked_fill(~inside, -1)


def grid_regions(landmarks: torch.Tensor, image_size: WidthHeight, num_regions: int) -> torch.Tensor:
    """As :func:`landmark_regions`, for regions that know nothing of the face: a fixed grid of about K equal cells."""
    columns = max(round(num_regions**0.5), 1)
    rows = -(-num_regions // columns)
    place = _relative(landmarks, image_size)
    inside = (place.abs() <= 1).all(dim=2)
    cells = ((place.nan_to_num() + 1) / 2 * place.new_tensor([columns, rows])).long()
    x, y = cells[..., 0].clamp(0, columns - 1), cells[..., 1].clamp(0, rows - 1)
    return (y * columns + x).masked_fill(~inside, -1)


def region_consistency(
    regions: torch.Tensor, groups: np.ndarray, other_regions: Optional[torch.Tensor] = None
) -> Dict[str, float]:
    """Agreement of regions with facial parts over many faces, and of two views of the same faces.

    Args:
        regions: of each landmark in the first view, (N, L); those below 0 don't count.
        groups: facial part of each landmark, (L,), see :func:`landmark_groups`.
        other_regions: of the same landmarks in the second view, (N, L). Defaults to None, one view.

    Returns:
        By name:

        - ``nmi``: normalised mutual information of region and part over all faces (and both views), in [0, 1];
        - ``view_agreement``, with a second view: share of the landmarks that have the same region in both, in [0, 1].
          It is 1 where one region takes all, so it means nothing without ``nmi``.

    Raises:
        ValueError: if no landmark counts.
        ImportError: without scikit-learn.
    """
    views = [regions] if other_regions is None else [regions, other_regions]
    found = torch.cat(views).cpu().numpy()
    counts = found >= 0
    if not counts.any():
        raise ValueError('no landmark lies inside its image')
    parts = np.broadcast_to(groups, found.shape)
    metrics = dict(nmi=normalized_mutual_info(found[counts], parts[counts]))
    if other_regions is not None:
        both = (regions >= 0) & (other_regions >= 0)
        if not both.any():
            raise ValueError('no landmark lies inside both views of its face')
        metrics['view_agreement'] = (regions == other_regions)[both].double().mean().item()
    return metrics


def normalized_mutual_info(first: np.ndarray, second: np.ndarray) -> float:
    """Mutual information over the mean of both entropies, in [0, 1]; 0 where one of them has a single value."""
    try:
        from sklearn.metrics import normalized_mutual_info_score
    except ImportError as error:
        raise ImportError('region consistency needs scikit-learn: pip install scikit-learn') from error
    if len(np.unique(first)) == 1 or len(np.unique(second)) == 1:
        return 0.0  # scikit-learn says 1 where both are constant
    return float(normalized_mutual_info_score(first, second))


def _relative(landmarks: torch.Tensor, image_size: WidthHeight) -> torch.Tensor:
    """Pixels to [-1, 1] from the image's left (upper) to its right (lower) border."""
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    return (2 * landmarks.float() + 1) / landmarks.new_tensor(size, dtype=torch.float32) - 1
