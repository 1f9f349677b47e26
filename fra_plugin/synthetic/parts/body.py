"""What carries the face: neck, shoulders, clothes, ears and the bare head."""

import cv2
import numpy as np

from ..canvas import CIRCLE, Canvas, extent, tint
from ..geometry import SKULL_CENTRE, Head, smooth


def cloth_colour(rng: np.random.Generator) -> tuple:
    """A BGR colour as cloth has it: any hue, rarely glaring."""
    hsv = np.uint8([[[rng.integers(180), 200 * rng.beta(1.3, 2), rng.integers(35, 230)]]])
    return tuple(float(value) for value in cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0])


def torso(canvas: Canvas, head: Head, body_turn: np.ndarray, rng: np.random.Generator) -> None:
    """Neck and clothes; the neck joins the turned head to the body."""
    identity = head.identity
    wide = 0.60 + (0.08 if identity.male else -0.06) + identity.shape['jaw_width']
    collar = 2.0 + 0.3 * head.move.jaw
    top = head.project(np.array([[-wide, 0.75, -0.95], [wide, 0.75, -0.95]]))

    def body(*points):
        return head.project(np.array([point if len(point) == 3 else point + (-0.95,) for point in points]), body_turn)

    sides = [
        np.concatenate(
            [
                top[k : k + 1],
                body((side * wide * 0.98, 1.6), (side * wide * 1.05, collar), (side * wide * 1.9, collar + 0.32)),
            ]
        )
        for k, side in enumerate((-1, 1))
    ]
    neck = np.concatenate([smooth(sides[0]), body((0, 3.2, -0.6)), smooth(sides[1])[::-1]])
    canvas.fill(neck, tint(identity.skin, 0.92), 'neck')
    canvas.raise_(neck, 0.45, 0.28)
    cords = [body((side * wide * 0.75, 1.3, -0.6), (side * 0.12, collar + 0.25, -0.3)) for side in (-1, 1)]
    canvas.raise_(cords, 0.05, 0.06, 0.12)
    shoulder = rng.uniform(1.75, 2.2) + (0.15 if identity.male else -0.1)
    slope = [
        (wide * 1.15, collar),
        (shoulder * 0.8, collar + 0.42),
        (shoulder, collar + 0.75),
        (shoulder * 1.15, collar + 2.4),
    ]
    outline = body(*[(-x, y) for x, y in slope], *slope[::-1])
    cut = rng.choice([0.12, 0.35, 0.75])
    neckline = smooth(
        body(
            (wide * 1.15, collar),
            (wide * 0.8, collar + 0.6 * cut),
            (0, collar + 0.15 + cut, -0.45),
            (-wide * 0.8, collar + 0.6 * cut),
            (-wide * 1.15, collar),
        )
    )
    cloth = np.concatenate([smooth(outline, 4), neckline[1:-1]])
    colour = cloth_colour(rng)
    canvas.fill(cloth, colour, 'clothes')
    cover = canvas.full_mask(cloth)
    _pattern(canvas, cover, colour, rng)
    canvas.layer(cover, 0.4, 0.25)
    canvas.glaze(neckline, tint(colour, 0.72), 0.9, width=0.09, inside=cover)
    folds = body(*[(rng.uniform(-1.3, 1.3), collar + 0.6, -0.5) for _ in range(4)])
    canvas.raise_(
        [np.array([fold, fold + rng.normal([0, 0.6], 0.3) * canvas.unit]) for fold in folds],
        -0.05,
        0.07,
        0.06,
        inside=cover,
    )


def _pattern(canvas: Canvas, cover: np.ndarray, colour, rng: np.random.Generator) -> None:
    """Plain, striped, checked or dotted cloth."""
    kind = rng.choice(['plain', 'stripes', 'checks', 'dots'], p=[0.55, 0.2, 0.1, 0.15])
    size, step, tilt = cover.shape[0], rng.uniform(0.14, 0.3) * canvas.unit, rng.normal(0, 0.15)
    other = tint(colour, rng.uniform(0.4, 0.8), (255, 255, 255) if np.mean(colour) < 130 else (30, 30, 30))
    place = np.arange(0, 1.2 * size, step)
    down = np.stack([np.stack([place, 0 * place], 1), np.stack([place - tilt * size, 0 * place + size], 1)], axis=1)
    if kind == 'dots':
        rows = extent(cover)
        if rows is not None:
            spots = np.stack(np.meshgrid(place, np.arange(rows[0].start, size, step)), axis=-1).reshape(-1, 1, 2)
            canvas.glaze(list(spots + [[0, 0], [0.1, 0]]), other, 0.8, width=0.45 * step / canvas.unit, inside=cover)
    elif kind != 'plain':
        canvas.glaze(
            list(down) if kind == 'stripes' else list(down) + list(down[..., ::-1]),
            other,
            0.8,
            width=0.4 * step / canvas.unit,
            inside=cover,
        )


def ears(canvas: Canvas, head: Head) -> None:
    """Both ears; drawn before the face, which covers what is behind it. Earrings hang on them."""
    identity, size = head.identity, 1 + head.identity.shape['ear_size']
    skin = tint(identity.skin, 0.10, (90, 90, 210))
    for side, name in ((-1, 'right_ear'), (1, 'left_ear')):
        if head.turn[2, 0] * side < -0.35:  # turned away
            continue
        root = np.array([side * head.skull_axes[0] * 0.985, 0.26, -0.70])
        back = np.array([side * 0.55, -0.05, -0.80])

        def place(outline, root=root, back=back):
            outline = np.array(outline) * size
            return head.project(root + outline[:, :1] * back + outline[:, 1:] * np.array([0, 1, 0]))

        outline = smooth(
            place(
                [
                    [-0.06, -0.22],
                    [0.10, -0.34],
                    [0.27, -0.27],
                    [0.29, -0.08],
                    [0.20, 0.10],
                    [0.13, 0.27],
                    [0.02, 0.33],
                    [-0.06, 0.22],
                ]
            ),
            closed=True,
        )
        canvas.fill(outline, skin, name)
        canvas.layer(canvas.full_mask(outline), 0.16, 0.05)
        fold = smooth(place([[0.0, -0.18], [0.10, -0.25], [0.20, -0.18], [0.19, -0.03], [0.10, 0.10], [0.03, 0.13]]))
        canvas.raise_(fold, -0.05, 0.02, 0.06)
        canvas.glaze(fold, tint(skin, 0.55), 0.55, 0.015, width=0.04)
        canvas.glaze(place([[0.02, 0.02], [0.08, -0.02], [0.10, 0.06], [0.03, 0.10]]), tint(skin, 0.4), 0.6, 0.02)
        if identity.earrings:
            spot = place([[0.04, 0.36]])[0]
            canvas.fill(spot + CIRCLE * 0.075 * canvas.unit, (90, 190, 230))
            canvas.fill(spot + (CIRCLE * 0.035 - 0.02) * canvas.unit, (200, 240, 255))


def skull_outline(head: Head, scale: float, lowest: float) -> np.ndarray:
    """(n, 2) pixels: outline of the skull, ``scale`` times as large, above the height ``lowest``."""
    azimuth, level = np.meshgrid(np.linspace(-180, 165, 24), np.sin(np.linspace(-np.pi / 2, np.pi / 2, 13)))
    y = SKULL_CENTRE[1] + level * head.skull_axes[1] * scale
    points = head.project(head.skull(azimuth, np.minimum(y, lowest), scale)).reshape(-1, 2)
    return smooth(cv2.convexHull(points.astype(np.float32))[:, 0].astype(float), 2, closed=True)
