"""Things between the camera and the face: a hand, a board, a splash of something."""
import cv2
import numpy as np

from .body import cloth_colour
from .canvas import CIRCLE, Canvas, fixed, tint
from .geometry import Head, smooth


def occluder(canvas: Canvas, head: Head, rng: np.random.Generator) -> None:
    """Cover a part of one side of the face."""
    side = int(rng.choice([-1, 1]))
    centre = head.at(side * rng.uniform(.35, .9), rng.uniform(-.3, 1.3))
    if rng.random() < .4:
        _hand(canvas, head, centre, side, rng)
    else:
        _thing(canvas, centre, rng)


def _hand(canvas: Canvas, head: Head, centre: np.ndarray, side: int, rng: np.random.Generator) -> None:
    unit, colour = canvas.unit, tint(head.identity.skin, .95)
    lean = -side * .25 + rng.normal(0, .12)
    along, across = np.array([np.sin(lean), -np.cos(lean)]), np.array([np.cos(lean), np.sin(lean)])

    def place(outline):
        outline = np.array(outline, float) * unit
        return centre + outline[:, :1] * across + outline[:, 1:] * along

    nails = []
    for k in range(4):
        tip = .27 + .12 * np.sin(np.pi * (k + .7) / 4)
        finger = np.zeros_like(canvas.label)
        line = place([((k - 1.5) * .19, -.35), ((k - 1.5) * .19, tip)])
        cv2.polylines(finger, [fixed(line)], False, 255, max(2, int(.175 * unit)), cv2.LINE_AA, 4)
        canvas.shadow(finger, (side * -.03, .04), .03, .4)
        canvas.cover(finger, colour, 'occluder')
        canvas.layer(finger, .22, .06)
        nails.append(line[1] + CIRCLE * [.045 * unit, .06 * unit])
    canvas.glaze(nails, tint(colour, .5, (190, 190, 245)), .6, .006)
    palm = canvas.full_mask(smooth(place([(-.42, -.2), (.42, -.2), (.5, -1.6), (-.5, -1.6)]), 3, closed=True))
    canvas.cover(palm, colour, 'occluder')
    canvas.layer(palm, .25, .1)


def _thing(canvas: Canvas, centre: np.ndarray, rng: np.random.Generator) -> None:
    colour, turn = cloth_colour(rng), rng.uniform(-.9, .9)
    board = rng.random() < .5
    if board:
        outline = np.array([[-.28, -.5], [.28, -.5], [.28, .6], [-.28, .6]]) * rng.uniform(.8, 1.3)
    else:
        outline = smooth(CIRCLE[::2] * rng.uniform(.22, .45, (8, 1)), 3, closed=True)
    outline = centre + outline @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) * canvas.unit
    mask = canvas.full_mask(outline)
    canvas.shadow(mask, (.03, .06), .05, .4)
    canvas.cover(mask, colour, 'occluder')
    marks = rng.uniform(outline.min(0), outline.max(0), (4, 2, 2))
    canvas.glaze(list(marks), tint(colour, rng.uniform(.4, 1.6)), .8, .006, width=.05, inside=mask)
    canvas.layer(mask, .15, .05)
