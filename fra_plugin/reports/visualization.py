"""Pictures of facial regions: masks laid over a face, and many faces on one sheet.

A region has the same colour on every face, in every picture and in every run.
"""

from typing import Sequence, Union

import cv2
import numpy as np
import torch
from torchvision.utils import make_grid

GAP = 4  # white pixels between faces
# The first seven are those of Okabe and Ito ("Color Universal Design", 2008, without black). Each of the others is the
# colour farthest (CIEDE2000) from all before it in the eyes of people with normal sight, protanopia and deuteranopia.
REGION_COLORS = (
    '#E69F00', '#56B4E9', '#009E73', '#F0E442', '#0072B2', '#D55E00', '#CC79A7', '#80002A',
    '#6AFFEA', '#1515BF', '#006A6A', '#BFD4AA', '#952A00', '#6A156A', '#956AFF', '#D40040',
    '#556A40', '#40D46A', '#BFD4FF', '#BF2A80', '#D49595', '#8000FF', '#D46A55', '#804055',
    '#80BFAA', '#554095', '#409595', '#8080BF', '#40806A', '#00D4D4', '#95FF95', '#AA5555')  # yapf: disable


def region_colors(num_regions: int) -> np.ndarray:
    """BGR colours (K, 3) uint8 of the regions 0 to K - 1.

    Raises:
        ValueError: if ``num_regions`` is not in 1 to 32.
    """
    if not 1 <= num_regions <= len(REGION_COLORS):
        raise ValueError(f'there are colours for 1 to {len(REGION_COLORS)} regions, got {num_regions}')
    return np.array([[int(color[i : i + 2], 16) for i in (5, 3, 1)] for color in REGION_COLORS[:num_regions]], np.uint8)


def region_map(masks: Union[torch.Tensor, np.ndarray], height: int, width: int) -> np.ndarray:
    """The winning region (height, width) of each pixel, from masks (or logits) (K, h, w) of any smaller size."""
    masks = masks.detach().float().cpu().numpy() if isinstance(masks, torch.Tensor) else np.asarray(masks, np.float32)
    return np.stack([cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR) for mask in masks]).argmax(0)


def draw_regions(image: np.ndarray, masks: Union[torch.Tensor, np.ndarray], opacity: float = 0.5) -> np.ndarray:
    """Lay the colour of the winning region over each pixel of a face.

    torchvision's ``draw_segmentation_masks`` gives the same colours up to rounding. It wants a boolean mask for each
    region, draws no border, and takes two to three times as long.

    Args:
        image: BGR (height, width, 3) or grey (height, width), uint8.
        masks: region masks or logits (K, h, w), K <= 32, for instance ``model.heatmaps(inputs)[0]``.
        opacity: of the colours, in [0, 1]. Defaults to 0.5.

    Returns:
        BGR (height, width, 3) uint8, with a thin dark line where two regions meet.

    Raises:
        ValueError: for another image or masks than these.
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.ndim == 3 and image.shape[2] != 3:
        raise ValueError(f'image must be (height, width, 3) or (height, width) uint8, got {image.shape} {image.dtype}')
    if masks.ndim != 3:
        raise ValueError(f'masks must be (K, h, w), got {tuple(masks.shape)}')
    if not 0 <= opacity <= 1:
        raise ValueError(f'opacity must be in [0, 1], got {opacity}')
    image = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
    regions = region_map(masks, *image.shape[:2])
    overlay = (1.0 - opacity) * image + opacity * region_colors(len(masks))[regions]
    border = np.zeros(regions.shape, bool)
    border[:, :-1] |= regions[:, :-1] != regions[:, 1:]
    border[:-1] |= regions[:-1] != regions[1:]
    overlay[border] *= 1 - 0.6 * opacity
    return overlay.round().astype(np.uint8)


def region_sheet(
    faces: Sequence[np.ndarray],
    masks: Union[torch.Tensor, Sequence[np.ndarray]],
    columns: int,
    opacity: float = 0.5,
) -> np.ndarray:
    """Faces in rows, each above its regions, and at the bottom which colour is which region.

    Args:
        faces: N images (height, width, 3) BGR uint8, all of one size.
        masks: region masks or logits of each face, (N, K, h, w).
        columns: faces in a row, at least 1; fewer faces make a narrower sheet.
        opacity: of the colours, in [0, 1]. Defaults to 0.5.

    Returns:
        BGR (height, width, 3) uint8, white between the faces.

    Raises:
        ValueError: for no face, faces of several sizes, ``columns`` below 1, or what :func:`draw_regions` refuses.
    """
    if not len(faces) or columns < 1:
        raise ValueError(f'a sheet needs at least one face and one column, got {len(faces)} and {columns}')
    if len({face.shape for face in faces}) > 1:
        raise ValueError(f'the faces must have one size, got {sorted({face.shape for face in faces})}')
    pairs = [np.concatenate([face, draw_regions(face, mask, opacity)]) for face, mask in zip(faces, masks)]
    grid = make_grid(torch.from_numpy(np.stack(pairs)).permute(0, 3, 1, 2), columns, padding=GAP, pad_value=255)
    parts = [grid.permute(1, 2, 0).numpy(), region_legend(len(masks[0]))]
    width = max(part.shape[1] for part in parts)
    white = dict(borderType=cv2.BORDER_CONSTANT, value=(255, 255, 255))
    return np.concatenate([cv2.copyMakeBorder(part, 0, 0, 0, width - part.shape[1], **white) for part in parts])


def region_legend(num_regions: int, size: int = 24) -> np.ndarray:
    """A row of numbered fields (size, K * size, 3), BGR uint8, that tells which colour is which region (from 0)."""
    fields = []
    for index, color in enumerate(region_colors(num_regions)):
        field = np.full((size, size, 3), color, np.uint8)
        ink = (0, 0, 0) if color @ np.array([0.114, 0.587, 0.299]) > 128 else (255, 255, 255)
        (text_width, text_height), _ = cv2.getTextSize(str(index), cv2.FONT_HERSHEY_SIMPLEX, size / 50, 1)
        cv2.putText(
            field,
            str(index),
            ((size - text_width) // 2, (size + text_height) // 2),
            cv2.FONT_HERSHEY_SIMPLEX,
            size / 50,
            ink,
            1,
            cv2.LINE_AA,
        )
        fields.append(field)
    return np.concatenate(fields, axis=1)
