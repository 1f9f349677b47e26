"""Pictures of facial regions: masks laid over a face, and many faces on one sheet.

A region has the same colour on every face, in every picture and in every run.
"""

from typing import Sequence, Union

import cv2
import numpy as np
import torch

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


def contact_sheet(images: Sequence[np.ndarray], columns: int, gap: int = 4) -> np.ndarray:
    """Images row by row on one white sheet; rows as high and columns as wide as their largest.

    Args:
        images: BGR (height, width, 3) uint8, of any sizes.
        columns: images in a row, at least 1; a shorter list makes a narrower sheet.
        gap: white pixels between images. Defaults to 4.

    Returns:
        BGR uint8.

    Raises:
        ValueError: for no image, or ``columns`` below 1.
    """
    if not len(images) or columns < 1:
        raise ValueError(f'a sheet needs at least one image and one column, got {len(images)} and {columns}')
    rows = [images[start : start + columns] for start in range(0, len(images), columns)]
    heights = [max(image.shape[0] for image in row) for row in rows]
    widths = [max(image.shape[1] for image in images[column::columns]) for column in range(len(rows[0]))]
    tops, lefts = (np.cumsum([0] + [size + gap for size in sizes]) for sizes in (heights, widths))
    sheet = np.full((tops[-1] - gap, lefts[-1] - gap, 3), 255, np.uint8)
    for row, top in zip(rows, tops):
        for image, left in zip(row, lefts):
            sheet[top : top + image.shape[0], left : left + image.shape[1]] = image
    return sheet


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
