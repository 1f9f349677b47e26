"""What carries the face: neck, shoulders, clothes, ears and the bare head."""
import cv2
import numpy as np

from .canvas import CIRCLE, Canvas, extent, tint
from .geometry import SKULL_CENTRE, Head, smooth


def cloth_colour(rng: np.random.Generator) -> tuple:
    """A BGR colour as cloth has it: any hue, rarely glaring."""
    hsv = np.uint8([[[rng.integers(180), 200 * rng.beta(1.3, 2), rng.integers(35, 230)]]])
    return tuple(float(value) for value in cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0])


def torso(canvas: Canvas, head: Head, body_turn: np.ndarray, rng: np.random.Generator) -> None:
    """Neck and clothes; the neck joins the turned head to the body."""
    identity = head.identity
    wide = .60 + (.08 if identity.male else -.06) + identity.shape['jaw_width']
    collar = 2.0 + .3 * head.move.jaw
    top = head.project(np.array([[-wide, .75, -.95], [wide, .75, -.95]]))

    def body(*points):
        return head.project(np.array([point if len(point) == 3 else point + (-.95,) for point in points]), body_turn)

    sides = [np.concatenate([top[k:k + 1], body((side * wide * .98, 1.6), (side * wide * 1.05, collar),
                                                (side * wide * 1.9, collar + .32))]) for k, side in enumerate((-1, 1))]
    neck = np.concatenate([smooth(sides[0]), body((0, 3.2, -.6)), smooth(sides[1])[::-1]])
    canvas.fill(neck, tint(identity.skin, .92), 'neck')
    canvas.raise_(neck, .45, .28)
    cords = [body((side * wide * .75, 1.3, -.6), (side * .12, collar + .25, -.3)) for side in (-1, 1)]
    canvas.raise_(cords, .05, .06, .12)
    shoulder = rng.uniform(1.75, 2.2) + (.15 if identity.male else -.1)
    slope = [(wide * 1.15, collar), (shoulder * .8, collar + .42), (shoulder, collar + .75),
             (shoulder * 1.15, collar + 2.4)]
    outline = body(*[(-x, y) for x, y in slope], *slope[::-1])
    cut = rng.choice([.12, .35, .75])
    neckline = smooth(body((wide * 1.15, collar), (wide * .8, collar + .6 * cut), (0, collar + .15 + cut, -.45),
                           (-wide * .8, collar + .6 * cut), (-wide * 1.15, collar)))
    cloth = np.concatenate([smooth(outline, 4), neckline[1:-1]])
    colour = cloth_colour(rng)
    canvas.fill(cloth, colour, 'clothes')
    cover = canvas.full_mask(cloth)
    _pattern(canvas, cover, colour, rng)
    canvas.layer(cover, .4, .25)
    canvas.glaze(neckline, tint(colour, .72), .9, width=.09, inside=cover)
    folds = body(*[(rng.uniform(-1.3, 1.3), collar + .6, -.5) for _ in range(4)])
    canvas.raise_([np.array([fold, fold + rng.normal([0, .6], .3) * canvas.unit]) for fold in folds], -.05, .07, .06,
                  inside=cover)


def _pattern(canvas: Canvas, cover: np.ndarray, colour, rng: np.random.Generator) -> None:
    """Plain, striped, checked or dotted cloth."""
    kind = rng.choice(['plain', 'stripes', 'checks', 'dots'], p=[.55, .2, .1, .15])
    size, step, tilt = cover.shape[0], rng.uniform(.14, .3) * canvas.unit, rng.normal(0, .15)
    other = tint(colour, rng.uniform(.4, .8), (255, 255, 255) if np.mean(colour) < 130 else (30, 30, 30))
    place = np.arange(0, 1.2 * size, step)
    down = np.stack([np.stack([place, 0 * place], 1), np.stack([place - tilt * size, 0 * place + size], 1)], axis=1)
    if kind == 'dots':
        rows = extent(cover)
        if rows is not None:
            spots = np.stack(np.meshgrid(place, np.arange(rows[0].start, size, step)), axis=-1).reshape(-1, 1, 2)
            canvas.glaze(list(spots + [[0, 0], [.1, 0]]), other, .8, width=.45 * step / canvas.unit, inside=cover)
    elif kind != 'plain':
        canvas.glaze(list(down) if kind == 'stripes' else list(down) + list(down[..., ::-1]), other, .8,
                     width=.4 * step / canvas.unit, inside=cover)


def ears(canvas: Canvas, head: Head) -> None:
    """Both ears; drawn before the face, which covers what is behind it. Earrings hang on them."""
    identity, size = head.identity, 1 + head.identity.shape['ear_size']
    skin = tint(identity.skin, .10, (90, 90, 210))
    for side, name in ((-1, 'right_ear'), (1, 'left_ear')):
        if head.turn[2, 0] * side < -.35:  # turned away
            continue
        root = np.array([side * head.skull_axes[0] * .985, .26, -.70])
        back = np.array([side * .55, -.05, -.80])

        def place(outline):
            outline = np.array(outline) * size
            return head.project(root + outline[:, :1] * back + outline[:, 1:] * np.array([0, 1, 0]))

        outline = smooth(place([[-.06, -.22], [.10, -.34], [.27, -.27], [.29, -.08], [.20, .10], [.13, .27], [.02, .33],
                                [-.06, .22]]), closed=True)
        canvas.fill(outline, skin, name)
        canvas.layer(canvas.full_mask(outline), .16, .05)
        fold = smooth(place([[.0, -.18], [.10, -.25], [.20, -.18], [.19, -.03], [.10, .10], [.03, .13]]))
        canvas.raise_(fold, -.05, .02, .06)
        canvas.glaze(fold, tint(skin, .55), .55, .015, .04)
        canvas.glaze(place([[.02, .02], [.08, -.02], [.10, .06], [.03, .10]]), tint(skin, .4), .6, .02)
        if identity.earrings:
            spot = place([[.04, .36]])[0]
            canvas.fill(spot + CIRCLE * .075 * canvas.unit, (90, 190, 230))
            canvas.fill(spot + (CIRCLE * .035 - .02) * canvas.unit, (200, 240, 255))


def skull_outline(head: Head, scale: float, lowest: float) -> np.ndarray:
    """(n, 2) pixels: outline of the skull, ``scale`` times as large, above the height ``lowest``."""
    azimuth, level = np.meshgrid(np.linspace(-180, 165, 24), np.sin(np.linspace(-np.pi / 2, np.pi / 2, 13)))
    y = SKULL_CENTRE[1] + level * head.skull_axes[1] * scale
    points = head.project(head.skull(azimuth, np.minimum(y, lowest), scale)).reshape(-1, 2)
    return smooth(cv2.convexHull(points.astype(np.float32))[:, 0].astype(float), 2, closed=True)
