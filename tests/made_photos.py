"""Photos with drawn faces in them, and a YuNet that finds a known face: made, as no test may bring a photo or a model."""

from pathlib import Path

import cv2
import numpy as np

from fra_plugin.synthetic.render import render_face


def photo(*places, size=(320, 240), seed=0):
    """Grey ground (height, width, 3) with a drawn face of a side at each place (x, y, side)."""
    picture = np.full((size[1], size[0], 3), 120, np.uint8)
    for number, (x, y, side) in enumerate(places):
        picture[y : y + side, x : x + side] = cv2.resize(
            render_face(seed, number, 128)['image'], (side, side), interpolation=cv2.INTER_AREA
        )
    return picture


def write_photo(path: Path, *places, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), photo(*places, **options))
    return path
