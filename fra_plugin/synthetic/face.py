"""The bare face: its outline between jaw line and hairline, and its relief."""

import cv2
import numpy as np

from .canvas import CIRCLE, Canvas, fixed, soften
from .geometry import SKULL_CENTRE, Head, horizon_steps, smooth


def hairline(head: Head) -> np.ndarray:
    """(n, 2) azimuth and height where the forehead ends, from the person's right ear over the top to the left."""
    hair = head.identity.hair
    azimuth = np.array([-88, -84, -72, -58, -42, -22, 0, 22, 42, 58, 72, 84, 88.0])
    right = np.array([0.02, -0.30, -0.52, -0.80, -0.96, -1.00, -0.98]) + hair.hairline
    if hair.style == 'receding':
        right = np.array([0.02, -0.28, -0.62, -1.02, -1.22, -1.30, -1.34])
    elif hair.style == 'bald':
        right = np.array([0.0, -0.6, -1.1, -1.3, -1.4, -1.42, -1.43])
    elif head.identity.male:
        right = right + np.array([0, -0.02, 0.06, -0.08, -0.06, -0.02, 0])  # temples
    y = np.maximum(np.concatenate([right, right[-2::-1]]), SKULL_CENTRE[1] - 0.985 * head.skull_axes[1])
    y[0] = y[-1] = 0.02
    return smooth(np.stack([azimuth, y], axis=1), 3)


def face_outline(head: Head) -> np.ndarray:
    """(n, 2) pixels: the jaw line through landmarks 0 to 16, then the hairline back."""
    line = hairline(head)[::-1]
    arcs = head.skull(line[:, :1] * horizon_steps(21), line[:, 1:])
    top = head.contour(arcs, np.where(line[:, 0] < 0, -1, 1))
    return np.concatenate([smooth(head.landmarks[:17]), top[1:-1]])


def dome_relief(canvas: Canvas, head: Head) -> None:
    """The large shape: the near side of an ellipsoid around the head, over the whole sheet."""
    size = canvas.label.shape[0]
    axes = np.array([1.12, 1.66, 1.25]) * canvas.unit
    quadric = head.turn @ np.diag(1 / axes**2) @ head.turn.T
    centre = head.project(np.array([0, 0.22, -0.75]))
    grid = np.arange(0, size, 4) + 1.5
    x, y = np.meshgrid(grid - centre[0], grid - centre[1])
    linear = quadric[0, 2] * x + quadric[1, 2] * y
    square = quadric[0, 0] * x * x + 2 * quadric[0, 1] * x * y + quadric[1, 1] * y * y
    inside = np.maximum(linear**2 - quadric[2, 2] * (square - 1), 0.03 * quadric[2, 2])
    depth = 0.8 * (np.sqrt(inside) - linear) / quadric[2, 2]
    canvas.relief += cv2.resize(depth.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR)


def ovals(head: Head, ellipses) -> np.ndarray:
    """(n, 16, 2) pixels of ellipses on the face, each (x, y, half width, half height) in frontal coordinates."""
    ellipses = np.array(ellipses, float)[:, :, None]
    return head.at(ellipses[:, 0] + ellipses[:, 2] * CIRCLE[:, 0], ellipses[:, 1] + ellipses[:, 3] * CIRCLE[:, 1])


def face_relief(canvas: Canvas, head: Head, cover: np.ndarray) -> None:
    """Forehead, brow ridge, sockets, cheeks, chin, the groove under the lip, and a rounded edge."""
    move, points, unit = head.move, head.landmarks, canvas.unit
    stretch = 1 + head.identity.shape['face_length'] + 0.5 * move.jaw
    eyes, brows = (points[36:42], points[42:48]), (points[17:22], points[22:27])
    cheek = 0.07 + 0.06 * move.cheek
    sockets = [eye.mean(0) + (eye - eye.mean(0)) * [1.45, 2.4] for eye in eyes]
    sides = [
        (0.60, 0.52 - 0.06 * move.cheek, 0.24, 0.17),
        (0.62, 1.02 * stretch, 0.16, 0.22),
        (0.80, -0.45, 0.12, 0.20),
    ]
    bumps = ovals(head, [(0, -0.68, 0.6, 0.28)] + [(side * x, *rest) for side in (-1, 1) for x, *rest in sides])
    chin = head.project(np.array([0, head.points[8, 1] - 0.17, 0.36])) + CIRCLE * [0.2 * unit, 0.14 * unit]
    canvas.raise_(
        sockets + list(bumps) + [chin], 2 * [-0.13] + [0.05] + 2 * [cheek, -0.05, -0.04] + [0.09], 0.11, inside=cover
    )
    under_lip = points[[58, 57, 56]] + [0, 0.075 * unit]
    canvas.raise_([*brows, under_lip], [0.055, 0.055, -0.055], 0.06, [0.12, 0.12, 0.09], inside=cover)
    canvas.relief += soften(cover * np.float32(0.16 * unit / 255), 0.10 * unit)


def bare_face(canvas: Canvas, head: Head) -> np.ndarray:
    """Fill the face with plain skin and shape it; returns its (H, W) uint8 mask."""
    shape = face_outline(head)
    # a turned nose may stick out over the cheek
    nose = cv2.convexHull(fixed(head.landmarks[[27, 28, 29, 30, 33]]))[:, 0] / 16.0
    cover = canvas.full_mask(shape) | canvas.full_mask(nose)
    for part in (shape, nose):
        canvas.fill(part, head.identity.skin, 'skin')
    face_relief(canvas, head, cover)
    return cover
