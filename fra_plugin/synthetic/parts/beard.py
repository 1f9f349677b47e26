"""Stubble, moustache, goatee and full beard."""

from typing import List

import numpy as np

from ..canvas import Canvas, tint
from ..geometry import Head, smooth


def _areas(head: Head, kind: str) -> List[np.ndarray]:
    """Polygons in pixels, between the landmarks of jaw, nose and mouth."""
    points = head.landmarks
    down = head.upright[:, 1] * head.unit
    corners = points[[48, 54]] + (points[[48, 54]] - points[51]) * 0.12
    tash = np.concatenate(
        [
            [corners[0] + down * 0.06],
            points[31:36] + down * 0.05,
            [corners[1] + down * 0.06],
            smooth(points[48:55], 3)[::-1] + down * 0.02,
        ]
    )
    if kind == 'moustache':
        return [tash]
    if kind == 'goatee':
        chin = np.concatenate([[corners[0]], points[[6, 7, 8, 9, 10]], [corners[1]], points[55:60] + down * 0.03])
        return [tash, smooth(chin, 3, closed=True)]
    # everything below a line from the ears over the cheeks to the upper lip
    cheek = head.at(
        np.array([-0.90, -0.68, -0.48, 0, 0.48, 0.68, 0.90]), np.array([0.48, 0.80, 0.90, 0.80, 0.90, 0.80, 0.48])
    )
    cheek[3] = points[33] + down * 0.05
    return [np.concatenate([smooth(points[2:15]), smooth(cheek)[::-1]])]


def beard(canvas: Canvas, head: Head, cover: np.ndarray, rng: np.random.Generator) -> None:
    """Drawn on the skin (``cover``: its (H, W) mask); the mouth is drawn over it."""
    kind, skin = head.identity.beard, head.identity.skin
    if kind == 'none':
        return
    hair = head.identity.hair
    colour = tint((45, 45, 50) if hair.colour_name == 'dyed' else hair.colour, 0.8)
    stubble = kind == 'stubble'
    for area in _areas(head, kind):
        box, mask = canvas.mask(area, 0.05 if stubble else 0.03, inside=cover)
        if box is None:
            continue
        if stubble:
            canvas.blend(box, mask * np.float32(0.32), tint(colour, 0.5, skin))
        else:
            canvas.blend(box, mask * np.float32(0.85), colour)
            canvas.stamp(area, 'beard')
            canvas.raise_(area, 0.05, 0.05, inside=cover)
        inside = np.zeros_like(cover)
        inside[box] = mask * 255
        count = 150 if kind in ('moustache', 'goatee') else 260
        root = rng.uniform(area.min(0), area.max(0), (count, 2))
        length = (
            rng.normal([0, 0.02], 0.012, (count, 2)) if stubble else rng.normal([0, 0.09], [0.035, 0.03], (count, 2))
        )
        curves = np.stack([root, root + length * canvas.unit @ head.upright.T], axis=1)
        canvas.strands(
            curves,
            tint(colour, 0.55, skin) if stubble else colour,
            rng,
            contrast=0.2 if stubble else 0.35,
            inside=inside,
        )
