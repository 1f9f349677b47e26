"""The mouth: lips, and teeth and tongue where it is open."""

import numpy as np

from ..canvas import CIRCLE, Canvas, tint
from ..geometry import Head, smooth


def mouth(canvas: Canvas, head: Head) -> None:
    """Drawn through points 48 to 67."""
    points, identity, unit = head.landmarks, head.identity, canvas.unit
    down = head.upright[:, 1] * unit
    top, bottom = smooth(points[48:55], 4), smooth(points[[54, 55, 56, 57, 58, 59, 48]], 4)
    inner_top, inner_bottom = smooth(points[60:65], 4), smooth(points[[64, 65, 66, 67, 60]], 4)
    lips = tint(identity.skin, 0.50, (74, 66, 168) if np.mean(identity.skin) > 110 else (58, 50, 116))
    if identity.lipstick:
        paint = identity.own_rng(7).choice([[40, 30, 190], [90, 70, 215], [60, 25, 120], [110, 60, 200]])
        lips = tint(lips, identity.lipstick, paint)
    whole = np.concatenate([top, bottom[1:-1]])
    upper_lip, lower_lip = np.concatenate([top, inner_top[::-1]]), np.concatenate([bottom, inner_bottom[::-1]])
    canvas.glaze(whole, lips, 0.96, 0.006)
    canvas.glaze(upper_lip, tint(lips, 0.72), 0.55, 0.01)
    canvas.glaze(lower_lip, tint(lips, 0.3, (190, 190, 235)), 0.3, 0.03)
    canvas.stamp(whole, 'mouth')
    canvas.raise_([upper_lip, lower_lip], [0.05, 0.085], 0.032)
    corners, out = points[[48, 54]], (points[48] - points[54]) * 0.03
    canvas.glaze(
        [np.array([corners[0], corners[0] + out]), np.array([corners[1], corners[1] - out])],
        tint(identity.skin, 0.4),
        0.6,
        0.015,
        width=0.035,
    )
    gap = np.linalg.norm(points[66] - points[62]) / unit
    if gap < 0.05:
        line = smooth(np.concatenate([points[48:49], points[60:65], points[54:55]]), 3)
        canvas.glaze(line, tint(lips, 0.25), 0.85, 0.004, width=0.022)
        canvas.raise_(line, -0.04, 0.02, 0.03)
    if gap > 0.02:
        _inside(canvas, head, np.concatenate([inner_top, inner_bottom[1:-1]]), gap, down)


def _inside(canvas: Canvas, head: Head, opening: np.ndarray, gap: float, down: np.ndarray) -> None:
    """What is seen between the lips, ``gap`` head units apart, drawn on a sheet of its own and let in."""
    box, mask = canvas.mask(opening)
    if box is None:
        return
    move, unit = head.move, canvas.unit
    origin = np.array([box[1].start, box[0].start])
    points = head.landmarks - origin
    hollow = Canvas(np.full(mask.shape + (3,), (34, 22, 62), np.uint8), unit)
    upper, lower = smooth(points[60:65], 4), smooth(points[[60, 67, 66, 65, 64]], 4)
    if gap > 0.16:
        size = np.array([np.linalg.norm(points[64] - points[60]) * 0.36, 0.28 * gap * unit])
        hollow.glaze(points[66] - down * (0.02 + 0.16 * gap) + CIRCLE * size, (92, 80, 178), 0.9, 0.03)  # tongue
    teeth = (188, 206, 212)
    if move.upper > 0.02 or gap > 0.12:
        hang = min(0.12, 0.62 * gap)
        hollow.glaze(np.concatenate([upper - down * 0.05, (upper + down * hang)[::-1]]), teeth, 0.97, 0.008)
        between = np.linspace(0.08, 0.92, 9) * (len(upper) - 1)
        tops = np.stack([np.interp(between, np.arange(len(upper)), upper[:, k]) for k in (0, 1)], axis=1)
        hollow.glaze(list(np.stack([tops, tops + down * hang * 0.9], axis=1)), (125, 140, 155), 0.5, 0, width=0.008)
        lips_shadow = np.concatenate([upper - down * 0.03, (upper + down * 0.025)[::-1]])
        hollow.glaze(lips_shadow, (50, 40, 80), 0.5, 0.015)
    if move.lower > 0.04:
        band = np.concatenate([lower + down * 0.05, (lower - down * min(0.07, 0.25 * gap))[::-1]])
        hollow.glaze(band, tint(teeth, 0.84), 0.9, 0.008)
    half = (upper - upper.mean(0)) * 0.3
    hollow.glaze([upper[0] + half, upper[-1] + half], (30, 20, 50), 0.5, 0.04)  # the corners lie in the dark
    canvas.blend(box, mask, hollow.colour)
    canvas.raise_(opening, -0.06, 0.02)
