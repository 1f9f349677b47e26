"""What a model says about one drawn face: weights that still say the same are the same, and so is the code around them."""

from typing import Dict, List

import numpy as np

# Where parts of the drawn face are, in pixels: (x, y).
DRAWN_PARTS = dict(left_eye=(33, 42), right_eye=(63, 42), nose=(48, 56), mouth=(48, 70), chin=(48, 85))


def drawn_face(size: int = 96) -> np.ndarray:
    """A face of plain discs, BGR (size, size, 3) uint8; arithmetic only, so that every library draws the same."""
    y, x = np.mgrid[:size, :size] * (96 / size)
    image = np.empty((size, size, 3), np.uint8)
    image[:] = (150, 130, 110)

    def disc(left: float, top: float, wide: float, high: float, colour: tuple) -> None:
        image[((x - left) / wide) ** 2 + ((y - top) / high) ** 2 <= 1] = colour

    disc(48, 44, 34, 44, (40, 50, 60))  # hair
    disc(48, 52, 28, 38, (140, 170, 210))  # skin
    for middle in (33, 63):
        disc(middle, 33, 8, 2, (50, 60, 70))
        disc(middle, 42, 6, 4, (235, 235, 235))
        disc(middle, 42, 3, 3, (40, 60, 60))
    disc(48, 56, 4, 8, (120, 150, 190))
    disc(48, 70, 11, 4, (90, 90, 180))
    return image


def fingerprint(outputs: Dict[str, np.ndarray]) -> Dict[str, List[float]]:
    """Numbers of :class:`FRAFeatures` for the drawn face, rounded: of the embedding, and the masks at the mouth.

    Args:
        outputs: for one face, ``embedding`` (1, C) and ``heatmaps`` (1, K, h, w).
    """
    heatmaps = outputs['heatmaps'][0]
    x, y = DRAWN_PARTS['mouth']
    row, column = int(y / 96 * heatmaps.shape[1]), int(x / 96 * heatmaps.shape[2])
    return dict(
        embedding=[round(float(value), 4) for value in outputs['embedding'][0, :8]],
        norm=[round(float(np.linalg.norm(outputs['embedding'][0])), 4)],
        mouth=[round(float(value), 4) for value in heatmaps[:, row, column]],
    )
