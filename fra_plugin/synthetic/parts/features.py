"""Brows and nose, drawn through the projected landmarks."""

import numpy as np

from ..canvas import CIRCLE, Canvas, tint
from ..geometry import Head, smooth


def brows(canvas: Canvas, head: Head, cover: np.ndarray, rng: np.random.Generator) -> None:
    """A strip around points 17 to 21 and 22 to 26 with hairs along it, on the face (``cover``: its (H, W) mask)."""
    identity, down = head.identity, head.upright[:, 1]
    colour = tint(identity.hair.colour, 0.72)
    if identity.hair.colour_name in ('blond', 'dyed'):
        colour = tint(colour, 0.5, (38, 58, 84))
    thick = 0.075 * (1 + identity.shape['brow_thickness'])
    strips, hairs = [], []
    for name, points in (
        ('right_brow', head.landmarks[17:22]),
        ('left_brow', head.landmarks[26:21:-1]),
    ):  # outer to inner
        line = smooth(points, 4)
        line = np.concatenate(
            [[2 * line[0] - line[1]], line, [2 * line[-1] - line[-2]]]
        )  # a brow ends beyond its points
        width = (
            thick
            * np.interp(np.linspace(0, 1, len(line)), [0, 0.15, 0.6, 1], [0.4, 0.65, 1.0, 0.95])[:, None]
            * canvas.unit
        )
        upper, lower = line - down * width * 0.55, line + down * width * 0.85
        strips.append(np.concatenate([upper, lower[::-1]]))
        canvas.stamp(strips[-1], name)
        place = rng.integers(0, len(line) - 1, 40)
        root = lower[place] + (upper[place] - lower[place]) * rng.uniform(0, 0.8, (40, 1))
        along = line[place] - line[place + 1]
        along /= np.maximum(np.hypot(along[:, :1], along[:, 1:]), 1e-6)
        hairs.append(
            np.stack([root, root + (along * 0.085 - down * rng.uniform(0, 0.05, (40, 1))) * canvas.unit], axis=1)
        )
    canvas.glaze(strips, colour, 0.75, 0.012, inside=cover)
    canvas.strands(np.concatenate(hairs), colour, rng, contrast=0.3, inside=cover)


def nose(canvas: Canvas, head: Head, cover: np.ndarray) -> None:
    """Bridge, tip and wings as relief; nostrils and the wings' creases as colour. ``cover``: the face's (H, W) mask."""
    points, skin, unit = head.landmarks, head.identity.skin, canvas.unit
    bridge, tip, base = points[27:31], points[30], points[31:36]
    across, down = (base[4] - base[0]) / 2, head.upright[:, 1] * unit
    wings = [base[0] - across * 0.22 - down * 0.055, base[4] + across * 0.22 - down * 0.055]
    half = across * np.array([[0.32], [0.33], [0.55]])  # of the bridge
    outline = smooth(
        np.concatenate([bridge[:3] - half, wings[:1], base + down * 0.012, wings[1:], (bridge[:3] + half)[::-1]]),
        4,
        closed=True,
    )
    deep = 1 + head.identity.shape['nose_depth']
    ball = tip * 0.75 + base[2] * 0.25
    for part in (outline, ball + CIRCLE * np.linalg.norm(across) * 0.5):
        canvas.stamp(part, 'nose')
    canvas.raise_(
        [
            outline,
            smooth(bridge),
            ball + CIRCLE * np.linalg.norm(across) * 0.55,
            *(wing * 0.72 + ball * 0.28 + CIRCLE * 0.085 * unit for wing in wings),
        ],
        [0.075 * deep, 0.095 * deep, 0.14 * deep, 0.09, 0.09],
        0.05,
        [None, 0.12, None, None, None],
        inside=cover,
    )
    canvas.glaze(base + down * 0.05, tint(skin, 0.55), 0.35, 0.035, width=0.07, inside=cover)
    flanks, away, creases, holes = [], [], [], []
    for side, wing, foot, next_foot in ((-1, wings[0], base[0], base[1]), (1, wings[1], base[4], base[3])):
        out = side * across
        flanks.append(smooth(np.array([bridge[0] + out * 0.30, bridge[1] + out * 0.33, bridge[2] + out * 0.55])))
        away.append(
            0.10 + 0.35 * min(max(1.6 * side * head.turn[0, 2], 0), 1)
        )  # the side that is turned away is darker
        creases.append(
            smooth(
                np.array(
                    [
                        bridge[3] * 0.2 + wing * 0.8 - down * 0.14,
                        wing - down * 0.05 + out * 0.02,
                        wing + down * 0.035,
                        foot + down * 0.005,
                    ]
                )
            )
        )
        slope = np.array([[1, 0.25 * side], [0.25 * side, 1]])
        holes.append(next_foot * 0.62 + foot * 0.38 - down * 0.008 + CIRCLE * np.array([0.068, 0.034]) @ slope.T * unit)
    canvas.glaze(flanks, tint(skin, 0.5), 1.0, 0.03, width=0.05, inside=cover, weights=away)
    canvas.glaze(creases, tint(skin, 0.45), 0.5, 0.014, width=0.024, inside=cover)
    canvas.glaze(holes, tint(skin, 0.16), 0.9, 0.009, inside=cover)
