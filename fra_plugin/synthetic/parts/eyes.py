"""Eyes: ball, iris, pupil, lids, lashes and the light that they reflect."""

import numpy as np

from ..canvas import CIRCLE, LABEL, Canvas, tint
from ..geometry import Head, smooth


def eyes(canvas: Canvas, head: Head, gaze: np.ndarray, rng: np.random.Generator) -> None:
    """Drawn through points 36 to 47; ``gaze`` (2,): where the eyes look, in head units from straight ahead."""
    identity, unit, skin = head.identity, canvas.unit, head.identity.skin
    down = head.upright[:, 1] * unit
    shapes, creases, uppers, lowers, lashes = [], [], [], [], []
    # both from the outer corner over the upper lid to the inner corner, and back along the lower lid
    for name, points in (('right_eye', head.landmarks[36:42]), ('left_eye', head.landmarks[[45, 44, 43, 42, 47, 46]])):
        upper, lower = smooth(points[:4], 5), smooth(points[[3, 4, 5, 0]], 5)
        shapes.append(np.concatenate([upper, lower[1:-1]]))
        uppers.append(upper)
        lowers.append(lower + down * 0.012)
        centre = points.mean(0) + gaze * unit * head.turn[2, 2]
        _ball(canvas, head, name, shapes[-1], upper=upper, centre=centre, rng=rng)
        crease = upper - down * (0.062 + 0.03 * min(head.move.lids, 1))
        crease[[0, -1]] = upper[[0, -1]] - down * 0.01
        creases.append(crease)
        if identity.makeup:
            corner = points[0] - points[3]
            flick = corner / max(np.linalg.norm(corner), 1e-6) * 0.08 * unit - down * 0.06
            uppers.append(np.array([points[0], points[0] + flick]))
            roots = upper[1:-6:2]
            lashes.append(np.stack([roots, roots - down * 0.06 + (roots - points.mean(0)) * 0.22], axis=1))
    canvas.raise_(shapes + creases, [0.03, 0.03, -0.03, -0.03], 0.025, [None, None, 0.03, 0.03])
    canvas.glaze(creases, tint(skin, 0.5), 0.6, 0.012, width=0.02)
    canvas.glaze(lowers, tint(skin, 0.62, (95, 95, 200)), 0.65, 0.006, width=0.018)
    lash = (28.0, 24.0, 26.0) if identity.makeup else tint(skin, 0.28)
    canvas.glaze(uppers, lash, 0.95, 0, width=0.036 + 0.014 * identity.makeup)
    if lashes:
        canvas.lines(np.concatenate(lashes), lash)


def _ball(
    canvas: Canvas,
    head: Head,
    name: str,
    shape: np.ndarray,
    *,
    upper: np.ndarray,
    centre: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """What is seen between the lids, drawn on a sheet of its own and let in."""
    box, mask = canvas.mask(shape)
    if box is None:
        return
    canvas.stamp(shape, name)
    unit, colour = canvas.unit, head.identity.eyes
    origin = np.array([box[1].start, box[0].start])
    ball = Canvas(np.full(mask.shape + (3,), (222, 228, 232), np.uint8), unit)
    local, lid, centre = shape - origin, upper - origin, centre - origin
    down = head.upright[:, 1] * unit
    ball.glaze(local[len(lid) - 3 : len(lid) + 2], (120, 130, 205), 0.75, 0.015)  # the tear duct
    ball.glaze(local[:3], (150, 160, 210), 0.6, 0.02)
    radius = 0.112 * (1 + 0.6 * head.identity.shape['eye_size']) * unit
    ball.fill(centre + CIRCLE * radius, tint(colour, 0.38))
    ball.fill(centre + CIRCLE * radius * 0.86, colour)
    spokes = rng.uniform(0, 2 * np.pi, 14)
    spokes = np.stack([np.cos(spokes), np.sin(spokes)], axis=1)
    ball.lines(centre + np.stack([spokes * 0.4, spokes * 0.82], axis=1) * radius, tint(colour, 1.45))
    ball.glaze(centre + CIRCLE * radius * 0.55 + [0, radius * 0.4], tint(colour, 0.5, (230, 235, 240)), 0.4, 0.02)
    ball.fill(centre + CIRCLE * radius * 0.42, (14, 12, 12))
    ball.glaze(
        np.concatenate([lid - down * 0.2, (lid + down * 0.055)[::-1]]), (45, 40, 40), 0.5, 0.02
    )  # the lid's shadow
    canvas.blend(box, mask, ball.colour)


def catch_lights(canvas: Canvas, head: Head, gaze: np.ndarray, light: np.ndarray) -> None:
    """The reflection of the light from direction ``light`` (3,) in both eyes; drawn after shading."""
    inside = ((canvas.label == LABEL['right_eye']) | (canvas.label == LABEL['left_eye'])).astype(np.uint8) * 255
    middles = [
        eye.mean(0) + gaze * canvas.unit * head.turn[2, 2] for eye in (head.landmarks[36:42], head.landmarks[42:48])
    ]
    aside = light[:2] * 0.055 * canvas.unit
    for side, radius, alpha in ((1, 0.032, 0.95), (-1, 0.022, 0.4)):
        spots = [middle + side * aside + CIRCLE * radius * canvas.unit for middle in middles]
        canvas.glaze(spots, (255, 255, 255), alpha, 0.006, inside=inside)
