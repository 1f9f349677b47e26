"""What skin shows: blood, grain, freckles, wrinkles of age and expression, make-up."""

from functools import lru_cache

import cv2
import numpy as np

from ..canvas import CIRCLE, Box, Canvas, extent, tint
from ..face import ovals
from ..geometry import Head, smooth


@lru_cache(maxsize=1)
def _grain() -> np.ndarray:
    """(512, 512) float32 noise of several sizes, mean 0 and deviation 1, that wraps around."""
    rng = np.random.default_rng(68)
    grain = np.zeros((512, 512), np.float32)
    for size, weight in ((16, 0.8), (64, 0.5), (256, 0.8)):
        octave = np.pad(rng.standard_normal((size, size)).astype(np.float32), 2, mode='wrap')
        octave = cv2.resize(octave, None, fx=512 / size, fy=512 / size, interpolation=cv2.INTER_CUBIC)
        edge = 2 * 512 // size
        grain += weight * octave[edge:-edge, edge:-edge]
    return (grain - grain.mean()) / grain.std()


def grain_at(head: Head, box: Box, density: float = 90.0) -> np.ndarray:
    """Grain in a box of the sheet. It sticks to the face, another for each identity; ``density``: pixels a head unit."""
    rows, columns = box
    size = (columns.stop - columns.start, rows.stop - rows.start)
    corners = (head.at(np.array([0.0, 0.6, 0.0]), np.array([0.0, 0.0, 0.9])) - [columns.start, rows.start]).astype(
        np.float32
    )
    start = head.identity.own_rng(4).uniform(100, 400, 2)
    wanted = (start + density * np.array([[0, 0], [0.6, 0], [0, 0.9]])).astype(np.float32)
    return cv2.warpAffine(
        _grain(), cv2.getAffineTransform(wanted, corners), size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
    )


def complexion(canvas: Canvas, head: Head, cover: np.ndarray) -> None:
    """Redder cheeks and nose, lighter forehead and chin, dark rings, grain, freckles and moles."""
    identity = head.identity
    skin = identity.skin
    blood = tint(skin, 0.45, (70, 60, 205))
    cheeks = ovals(head, [(-0.60, 0.58, 0.27, 0.20), (0.60, 0.58, 0.27, 0.20), (0, 0.62, 0.2, 0.10)])
    canvas.glaze(list(cheeks), blood, min(0.9, 0.22 + identity.rosy), 0.12, inside=cover)
    canvas.glaze(
        list(ovals(head, [(0, -0.72, 0.45, 0.14), (0, 1.42, 0.35, 0.10)])),
        tint(skin, 0.5, (150, 200, 235)),
        0.18,
        0.15,
        inside=cover,
    )
    x, y = np.array([0.28, 0.42, 0.58, 0.44]), np.array([0.12, 0.17, 0.12, 0.23])
    canvas.glaze(
        [head.at(-x, y), head.at(x, y)], tint(skin, 0.62), 0.12 + 0.45 * max(0, identity.age - 0.3), 0.05, inside=cover
    )
    box = extent(cover)
    if box is not None:
        grain = grain_at(head, box) * (cover[box] > 60) * np.float32(1.6 + 2.4 * identity.age)
        canvas.colour[box] = np.clip(canvas.colour[box] + cv2.merge((grain, grain, grain)), 0, 255)
    spots = identity.marks
    if len(spots):
        surface = head.surface(spots[:, 0], spots[:, 1])
        seen = head.facing(surface) > 0.1
        radii = np.maximum(spots[seen, 2] * canvas.unit, 0.6)
        rings = head.project(surface[seen])[:, None] + radii[:, None, None] * CIRCLE[::3]
        weights = np.where(spots[seen, 2] < 0.021, 0.42, 0.75).tolist()
        canvas.glaze(list(rings), tint(skin, 0.55, (20, 45, 95)), 1.0, 0.004, inside=cover, weights=weights)


def wrinkles(canvas: Canvas, head: Head, cover: np.ndarray) -> None:
    """Lines of age and of the expression: forehead, between the brows, crow's feet, beside nose and mouth."""
    identity, move, points, unit = head.identity, head.move, head.landmarks, canvas.unit
    age = identity.age
    own = identity.own_rng(5)
    curves, depths = [], []

    def crease(curve, depth):
        if depth > 0.05:
            curves.append(smooth(curve, 4))
            depths.append(min(depth, 1.1))

    raised, frown = max(0, (move.inner + move.outer) / 0.3), 4 * move.squeeze + 2 * max(-move.inner, 0)
    x = np.linspace(-0.5, 0.5, 7)
    bow = 0.05 * (2 * x) ** 2 - 1.5 * max(move.inner - move.outer, 0) * (0.5 - np.abs(x))
    for k, row in enumerate(head.at(x, -0.60 - 0.12 * np.arange(3)[:, None] + bow + own.normal(0, 0.012, (3, 7)))):
        crease(row, (0.8 * max(age - 0.35, 0) + 0.5 * raised) * (1 - 0.2 * k))
    feet = np.array([[0.07], [0.15], [0.23]]) * unit
    for side, corner, wing, mouth in (
        (-1, points[36], points[31], points[48]),
        (1, points[45], points[35], points[54]),
    ):
        crease(
            head.at(side * np.array([0.10, 0.085, 0.10]), np.array([-0.20, -0.33, -0.44]) - move.inner * 0.6),
            frown + 0.4 * max(age - 0.5, 0),
        )
        for angle in (-0.35, 0, 0.4):
            way = head.upright @ [side * np.cos(angle), np.sin(angle)]
            crease(corner + feet * way, 0.6 * max(age - 0.4, 0) + 0.4 * move.squint)
        out = wing - points[33]
        start, end = wing + out * 0.45, mouth + (mouth - points[57]) * np.array([0.22, 0.1])
        crease(
            np.array([start - [0, 0.08 * unit], start, (start + end) / 2 + out * 0.28, end]),
            0.18 + 0.45 * age + 0.5 * max(move.cheek, move.wrinkle),
        )
        if move.wrinkle > 0.2:
            y = np.array([0.10, 0.14, 0.24]) + 0.09 * np.arange(3)[:, None]
            for row in head.at(side * np.array([0.03, 0.10, 0.16]), y, 0.12):
                crease(row, 0.8 * move.wrinkle)
        if move.corner_up < -0.06:
            crease(np.array([mouth, mouth + (mouth - points[57]) * 0.15 + [0, 0.12 * unit]]), 0.6)
    if curves:
        canvas.raise_(curves, [-0.026 * depth for depth in depths], 0.022, 0.04, inside=cover)
        canvas.glaze(curves, tint(identity.skin, 0.55), 0.42, 0.012, width=0.022, inside=cover, weights=depths)


def eye_shadow(canvas: Canvas, head: Head, cover: np.ndarray) -> None:
    """Paint on the lids."""
    identity = head.identity
    if identity.makeup:
        colour = identity.own_rng(6).uniform(40, 160, 3)
        lids = [
            eye.mean(0) + (eye - eye.mean(0)) * [1.25, 2.1] - [0, 0.05 * canvas.unit]
            for eye in (head.landmarks[36:42], head.landmarks[42:48])
        ]
        canvas.glaze(lids, colour, 0.45 * identity.makeup, 0.045, inside=cover)
