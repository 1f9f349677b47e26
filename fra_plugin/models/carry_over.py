"""Maps of one view, sampled at the pixels of another view of the same image.

A view is a part of an image, perhaps mirrored. Its box is (x, y, width, height): the place in the image of the view's
upper left corner, and from there how far the view reaches to its right and to its bottom, in pixels; negative where it is
mirrored. A map's pixel is taken to look at the middle of its cell of the view. (An untrained ResNet looks half a cell to the
upper left of that, as its strides are padded on both sides; in a trained one the shift was at most 2 of 96 pixels.)
"""

from typing import Tuple

import torch
import torch.nn.functional as F


def carry_over(maps: torch.Tensor, boxes: torch.Tensor, other_boxes: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
    """Maps of a view, bilinearly at the pixels of another one.

    Args:
        maps: of the first view, (B, K, H, W).
        boxes: of the first view, (B, 4).
        other_boxes: of the second view, (B, 4).

    Returns:
        - (B, K, H, W) for the pixels of the second view;
        - which of them the first view shows, (B, H, W), bool. Elsewhere the map has its nearest pixel, which means nothing.
    """
    height, width = maps.shape[2:]
    corner, size = boxes.to(maps).chunk(2, dim=1)  # (B, 2): x, y
    other_corner, other_size = other_boxes.to(maps).chunk(2, dim=1)
    x = (torch.arange(width, device=maps.device, dtype=maps.dtype) + 0.5) / width
    y = (torch.arange(height, device=maps.device, dtype=maps.dtype) + 0.5) / height
    place = torch.stack(
        [x.expand(height, width), y[:, None].expand(height, width)], dim=2
    )  # in the second view, 0 to 1
    place = other_corner[:, None, None] + place * other_size[:, None, None]  # in the image, (B, H, W, 2)
    place = (place - corner[:, None, None]) / size[:, None, None]  # in the first view, 0 to 1
    shown = ((place >= 0) & (place <= 1)).all(dim=3)
    return F.grid_sample(maps, 2 * place - 1, padding_mode='border', align_corners=False), shown
