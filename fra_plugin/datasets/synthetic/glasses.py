"""Glasses: rims, bridge and temples, clear or dark lenses."""
import cv2
import numpy as np

from .canvas import LABEL, Canvas, tint
from .geometry import Head, smooth

_LENS = dict(round=(.30, .30, 2.), square=(.33, .27, 4.5), oval=(.33, .24, 2.2), thin=(.33, .24, 3.2), sun=(.36, .30, 3.))
"""Half width, half height and exponent of the rims' superellipses."""
_FRAMES = ((25, 25, 28), (35, 55, 95), (60, 60, 70), (120, 170, 190), (70, 30, 110))


def glasses(canvas: Canvas, head: Head, style: str, dark: bool, rng: np.random.Generator) -> None:
    """``style``: round, square, oval, thin or sun; ``dark`` lenses hide the eyes."""
    own = head.identity.own_rng(10)
    colour = _FRAMES[int(own.integers(len(_FRAMES)))]
    heavy = float(.028 if style == 'thin' else own.uniform(.04, .075))
    width, height, power = _LENS[style]
    angle = np.linspace(0, 2 * np.pi, 29)
    x = np.sign(np.cos(angle)) * np.abs(np.cos(angle))**(2 / power) * width
    y = np.sign(np.sin(angle)) * np.abs(np.sin(angle))**(2 / power) * height + .03
    middle = np.abs(head.points[36:48, 0]).mean() + .02
    rims, temples = [], []
    for side in (-1, 1):
        out = side * middle + x
        rims.append(head.project(np.stack([out, y, .38 - .35 * np.maximum(np.abs(out) - .1, 0)**1.5], axis=1)))
        if head.turn[2, 0] * side > -.25:
            temples.append(head.project(np.array([[side * (middle + width), -.04, .2], [side * 1.04, .02, -.6]])))
    inner = middle - width * .95
    bridge = smooth(head.project(np.array([[-inner, -.01, .40], [0, -.05, .46], [inner, -.01, .40]])))
    canvas.glaze(temples, colour, .95, 0, width=heavy)
    if dark:
        tone = float(rng.uniform(15, 50))
        canvas.glaze(rims, (tone, tone * .9, tone * .9), rng.uniform(.88, .97))
        for rim in rims:
            mask = canvas.full_mask(rim)
            low = rim[rim[:, 1] > rim[:, 1].mean()]
            canvas.glaze(low, tint((tone, tone, tone), .3, (190, 170, 150)), .35, .06, inside=mask)
            canvas.stamp(rim, 'glasses')
            canvas.layer(mask, .05, .06)
    else:
        canvas.glaze(rims, (250, 245, 240), .07)
    frame = rims + [bridge]
    fallen = [curve + [0, .05 * canvas.unit] for curve in frame]  # the frame's shadow on the skin
    canvas.glaze(fallen, (40, 45, 70), .22, .03, width=heavy)
    canvas.glaze(frame, colour, 1., 0, width=heavy)
    canvas.glaze([curve - [0, .25 * heavy * canvas.unit] for curve in frame], tint(colour, .45, (255, 255, 255)), .45, 0,
                 width=heavy * .3)
    for curve in frame:
        cv2.polylines(canvas.label, [np.rint(curve).astype(np.int32)], False, LABEL['glasses'],
                      max(1, int(round(heavy * canvas.unit))))


def lens_glare(canvas: Canvas, head: Head, dark: bool, rng: np.random.Generator) -> None:
    """A streak of reflected light over each lens, after shading."""
    shift = rng.uniform(-.1, .05)
    streak = np.array([[shift - .12, .16], [shift - .02, .16], [shift + .12, -.17], [shift + .05, -.17]]) * canvas.unit
    canvas.glaze([eye.mean(0) + streak for eye in (head.landmarks[36:42], head.landmarks[42:48])], (255, 255, 255),
                 rng.uniform(.12, .4) if dark else rng.uniform(.05, .25), .012)
