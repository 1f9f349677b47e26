"""Glasses: rims, bridge and temples, clear or dark lenses."""

import cv2
import numpy as np

from ..canvas import LABEL, Canvas, tint
from ..geometry import Head, smooth

_LENS = dict(
    round=(0.30, 0.30, 2.0),
    square=(0.33, 0.27, 4.5),
    oval=(0.33, 0.24, 2.2),
    thin=(0.33, 0.24, 3.2),
    sun=(0.36, 0.30, 3.0),
)
"""Half width, half height and exponent of the rims' superellipses."""
_FRAMES = ((25, 25, 28), (35, 55, 95), (60, 60, 70), (120, 170, 190), (70, 30, 110))


def glasses(canvas: Canvas, head: Head, style: str, dark: bool, rng: np.random.Generator) -> None:
    """``style``: round, square, oval, thin or sun; ``dark`` lenses hide the eyes."""
    own = head.identity.own_rng(10)
    colour = _FRAMES[int(own.integers(len(_FRAMES)))]
    heavy = float(0.028 if style == 'thin' else own.uniform(0.04, 0.075))
    width, height, power = _LENS[style]
    angle = np.linspace(0, 2 * np.pi, 29)
    x = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** (2 / power) * width
    y = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** (2 / power) * height + 0.03
    middle = np.abs(head.points[36:48, 0]).mean() + 0.02
    rims, temples = [], []
    for side in (-1, 1):
        out = side * middle + x
        rims.append(head.project(np.stack([out, y, 0.38 - 0.35 * np.maximum(np.abs(out) - 0.1, 0) ** 1.5], axis=1)))
        if head.turn[2, 0] * side > -0.25:
            temples.append(head.project(np.array([[side * (middle + width), -0.04, 0.2], [side * 1.04, 0.02, -0.6]])))
    inner = middle - width * 0.95
    bridge = smooth(head.project(np.array([[-inner, -0.01, 0.40], [0, -0.05, 0.46], [inner, -0.01, 0.40]])))
    canvas.glaze(temples, colour, 0.95, 0, width=heavy)
    if dark:
        tone = float(rng.uniform(15, 50))
        canvas.glaze(rims, (tone, tone * 0.9, tone * 0.9), rng.uniform(0.88, 0.97))
        for rim in rims:
            mask = canvas.full_mask(rim)
            low = rim[rim[:, 1] > rim[:, 1].mean()]
            canvas.glaze(low, tint((tone, tone, tone), 0.3, (190, 170, 150)), 0.35, 0.06, inside=mask)
            canvas.stamp(rim, 'glasses')
            canvas.layer(mask, 0.05, 0.06)
    else:
        canvas.glaze(rims, (250, 245, 240), 0.07)
    frame = rims + [bridge]
    fallen = [curve + [0, 0.05 * canvas.unit] for curve in frame]  # the frame's shadow on the skin
    canvas.glaze(fallen, (40, 45, 70), 0.22, 0.03, width=heavy)
    canvas.glaze(frame, colour, 1.0, 0, width=heavy)
    canvas.glaze(
        [curve - [0, 0.25 * heavy * canvas.unit] for curve in frame],
        tint(colour, 0.45, (255, 255, 255)),
        0.45,
        0,
        width=heavy * 0.3,
    )
    for curve in frame:
        cv2.polylines(
            canvas.label,
            [np.rint(curve).astype(np.int32)],
            False,
            LABEL['glasses'],
            max(1, int(round(heavy * canvas.unit))),
        )


def lens_glare(canvas: Canvas, head: Head, dark: bool, rng: np.random.Generator) -> None:
    """A streak of reflected light over each lens, after shading."""
    shift = rng.uniform(-0.1, 0.05)
    streak = (
        np.array([[shift - 0.12, 0.16], [shift - 0.02, 0.16], [shift + 0.12, -0.17], [shift + 0.05, -0.17]])
        * canvas.unit
    )
    canvas.glaze(
        [eye.mean(0) + streak for eye in (head.landmarks[36:42], head.landmarks[42:48])],
        (255, 255, 255),
        rng.uniform(0.12, 0.4) if dark else rng.uniform(0.05, 0.25),
        0.012,
    )
