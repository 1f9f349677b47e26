"""Pictures of facial regions: masks laid over a face, and many faces on one sheet.

A region has the same colour on every face, in every picture and in every run.
"""

from typing import Optional, Sequence, Union

import cv2
import numpy as np
import torch
from torchvision.utils import make_grid

GAP = 4  # white pixels between faces
WHITE = dict(borderType=cv2.BORDER_CONSTANT, value=(255, 255, 255))
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


def highlight_region(image: np.ndarray, masks: Union[torch.Tensor, np.ndarray], region: int) -> np.ndarray:
    """A face (height, width, 3) BGR uint8 that is dark outside of one of the regions, whose masks are (K, h, w)."""
    outside = region_map(masks, *image.shape[:2]) != region
    return np.where(outside[..., None], image // 3, image)


def region_sheet(
    faces: Sequence[np.ndarray],
    masks: Union[torch.Tensor, Sequence[np.ndarray]],
    columns: int,
    opacity: float = 0.5,
    names: Optional[Sequence[str]] = None,
) -> np.ndarray:
    """Faces in rows, each above its regions, and at the bottom which colour is which region.

    Args:
        faces: N images (height, width, 3) BGR uint8, all of one size.
        masks: region masks or logits of each face, (N, K, h, w).
        columns: faces in a row, at least 1; fewer faces make a narrower sheet.
        opacity: of the colours, in [0, 1]. Defaults to 0.5.
        names: of the regions (K, ). Defaults to None, numbers.

    Returns:
        BGR (height, width, 3) uint8, white between the faces.

    Raises:
        ValueError: for no face, faces of several sizes, ``columns`` below 1, another number of names, or what
            :func:`draw_regions` refuses.
    """
    if not len(faces) or columns < 1:
        raise ValueError(f'a sheet needs at least one face and one column, got {len(faces)} and {columns}')
    if len({face.shape for face in faces}) > 1:
        raise ValueError(f'the faces must have one size, got {sorted({face.shape for face in faces})}')
    pairs = [np.concatenate([face, draw_regions(face, mask, opacity)]) for face, mask in zip(faces, masks)]
    grid = make_grid(torch.from_numpy(np.stack(pairs)).permute(0, 3, 1, 2), columns, padding=GAP, pad_value=255)
    grid = grid.permute(1, 2, 0).numpy()
    return _stacked([grid, region_legend(len(masks[0]), names=names, width=grid.shape[1])])


def region_legend(
    num_regions: int, size: int = 24, names: Optional[Sequence[str]] = None, width: Optional[int] = None
) -> np.ndarray:
    """Numbered fields that tell which colour is which region (from 0), with the regions' names beside them.

    Args:
        num_regions: K.
        size: side of a field in pixels. Defaults to 24.
        names: of the regions (K, ). Defaults to None: the fields alone, in one row.
        width: in pixels, of the rows in which fields and names stand. Defaults to None, one row.

    Returns:
        BGR (height, width, 3) uint8: (size, K * size) without names.

    Raises:
        ValueError: for another number of names than of regions.
    """
    fields = []
    for index, color in enumerate(region_colors(num_regions)):
        field = np.full((size, size, 3), color, np.uint8)
        ink = (0, 0, 0) if color @ np.array([0.114, 0.587, 0.299]) > 128 else (255, 255, 255)
        left = (size - _text_width(str(index), size)) // 2
        fields.append(_write(field, str(index), left, size, ink))
    if names is None:
        return np.concatenate(fields, axis=1)
    if len(names) != num_regions:
        raise ValueError(f'expected the names of {num_regions} regions, got {len(names)}')
    room = max(_text_width(name, size) for name in names) + size
    blank = np.full((size, room, 3), 255, np.uint8)
    entries = [
        np.concatenate([field, _write(blank.copy(), name, size // 4, size, (40, 40, 40))], axis=1)
        for field, name in zip(fields, names)
    ]
    columns = max((width or num_regions * entries[0].shape[1]) // entries[0].shape[1], 1)
    return _stacked(
        [np.concatenate(entries[start : start + columns], axis=1) for start in range(0, len(entries), columns)]
    )


def picture_rows(rows: Sequence[Sequence[np.ndarray]], titles: Sequence[str], size: int = 24) -> np.ndarray:
    """Rows of pictures (height, width, 3) BGR uint8, all of one size, each row below its title.

    Args:
        rows: at least one, with at least one picture each.
        titles: of the rows.
        size: height of a title in pixels. Defaults to 24.

    Returns:
        BGR (height, width, 3) uint8, white between the pictures.
    """
    parts = []
    for row, title in zip(rows, titles):
        pictures = np.concatenate([cv2.copyMakeBorder(picture, 0, GAP, GAP, 0, **WHITE) for picture in row], axis=1)
        blank = np.full((size, max(_text_width(title, size) + 2 * GAP, pictures.shape[1]), 3), 255, np.uint8)
        parts += [_write(blank, title, GAP, size, (40, 40, 40)), pictures]
    return _stacked(parts)


def _stacked(parts: Sequence[np.ndarray]) -> np.ndarray:
    """One below the other, white at the right of the narrower ones."""
    width = max(part.shape[1] for part in parts)
    return np.concatenate([cv2.copyMakeBorder(part, 0, 0, 0, width - part.shape[1], **WHITE) for part in parts])


def _text_width(text: str, size: int) -> int:
    return cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size / 50, 1)[0][0]


def _write(picture: np.ndarray, text: str, left: int, size: int, ink: tuple) -> np.ndarray:
    """Into the first ``size`` rows of the picture, in the middle of their height."""
    height = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size / 50, 1)[0][1]
    place = (left, (size + height) // 2)
    return cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, size / 50, ink, 1, cv2.LINE_AA)
