"""Things between the camera and the face: a hand, a board, a splash of something."""

import cv2
import numpy as np

from ..canvas import CIRCLE, Canvas, fixed, tint
from ..geometry import Head, smooth
from .body import cloth_colour


def occluder(canvas: Canvas, head: Head, rng: np.random.Generator) -> None:
    """Cover a part of one side of the face."""
    side = int(rng.choice([-1, 1]))
    centre = head.at(side * rng.uniform(0.35, 0.9), rng.uniform(-0.3, 1.3))
    if rng.random() < 0.4:
        _hand(canvas, head, centre, side, rng)
    else:
        _thing(canvas, centre, rng)


def _hand(canvas: Canvas, head: Head, centre: np.ndarray, side: int, rng: np.random.Generator) -> None:
    unit, colour = canvas.unit, tint(head.identity.skin, 0.95)
    lean = -side * 0.25 + rng.normal(0, 0.12)
    along, across = np.array([np.sin(lean), -np.cos(lean)]), np.array([np.cos(lean), np.sin(lean)])

    def place(outline):
        outline = np.array(outline, float) * unit
        return centre + outline[:, :1] * across + outline[:, 1:] * along

    nails = []
    for k in range(4):
        tip = 0.27 + 0.12 * np.sin(np.pi * (k + 0.7) / 4)
        finger = np.zeros_like(canvas.label)
        line = place([((k - 1.5) * 0.19, -0.35), ((k - 1.5) * 0.19, tip)])
        cv2.polylines(finger, [fixed(line)], False, 255, max(2, int(0.175 * unit)), cv2.LINE_AA, 4)
        canvas.shadow(finger, (side * -0.03, 0.04), 0.03, 0.4)
        canvas.cover(finger, colour, 'occluder')
        canvas.layer(finger, 0.22, 0.06)
        nails.append(line[1] + CIRCLE * [0.045 * unit, 0.06 * unit])
    canvas.glaze(nails, tint(colour, 0.5, (190, 190, 245)), 0.6, 0.006)
    palm = canvas.full_mask(smooth(place([(-0.42, -0.2), (0.42, -0.2), (0.5, -1.6), (-0.5, -1.6)]), 3, closed=True))
    canvas.cover(palm, colour, 'occluder')
    canvas.layer(palm, 0.25, 0.1)


def _thing(canvas: Canvas, centre: np.ndarray, rng: np.random.Generator) -> None:
    colour, turn = cloth_colour(rng), rng.uniform(-0.9, 0.9)
    board = rng.random() < 0.5
    if board:
        outline = np.array([[-0.28, -0.5], [0.28, -0.5], [0.28, 0.6], [-0.28, 0.6]]) * rng.uniform(0.8, 1.3)
    else:
        outline = smooth(CIRCLE[::2] * rng.uniform(0.22, 0.45, (8, 1)), 3, closed=True)
    outline = centre + outline @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) * canvas.unit
    mask = canvas.full_mask(outline)
    canvas.shadow(mask, (0.03, 0.06), 0.05, 0.4)
    canvas.cover(mask, colour, 'occluder')
    marks = rng.uniform(outline.min(0), outline.max(0), (4, 2, 2))
    canvas.glaze(list(marks), tint(colour, rng.uniform(0.4, 1.6)), 0.8, 0.006, width=0.05, inside=mask)
    canvas.layer(mask, 0.15, 0.05)
