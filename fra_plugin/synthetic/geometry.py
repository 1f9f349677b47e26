"""The head's pose: rotation, projection, and where a turned head is seen to end."""

from functools import lru_cache

import numpy as np

from .expression import Movement
from .identity import Identity
from .shape import SKULL_CENTRE, HeadShape

PIVOT = np.array([0.0, 0.25, -0.75])
"""The point that the head turns about."""


@lru_cache(maxsize=None)
def _spline_matrix(count: int, per: int, closed: bool) -> np.ndarray:
    """Catmull-Rom: (count segments * per [+ 1], count) weights, exact at the given points."""
    segments = count if closed else count - 1
    rows = []
    for i in range(segments):
        for t in np.arange(per) / per:
            weights = (
                np.array([-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2]) / 2
            )
            row = np.zeros(count)
            for weight, k in zip(weights, range(i - 1, i + 3)):
                row[k % count if closed else min(max(k, 0), count - 1)] += weight
            rows.append(row)
    if not closed:
        rows.append(np.eye(count)[-1])
    return np.array(rows)


def smooth(points: np.ndarray, per: int = 5, closed: bool = False) -> np.ndarray:
    """A curve through ``points`` (n, d) with ``per`` steps between two of them."""
    return _spline_matrix(len(points), per, closed) @ points


@lru_cache(maxsize=None)
def horizon_steps(count: int) -> np.ndarray:
    """(count,) steps from 0 to 1, dense towards 1: along an arc to the side of the head, where its horizon is."""
    return np.sin(np.linspace(0, np.pi / 2, count))


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """(3, 3) rotation from angles in degrees: positive yaw turns to the right of the picture, positive pitch looks up."""
    yaw, pitch, roll = np.deg2rad([yaw, pitch, roll])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


class Head(HeadShape):
    """One person's head with an expression, posed and projected.

    Args:
        identity: the person.
        move: the expression's movement.
        turn: (3, 3) rotation of the head.
        distance: of the camera from the head, in head units, > 3.

    ``landmarks`` (68, 2) are the exact points in pixels, once :meth:`frame` has placed the head. The jaw line's are moved
    to the visible contour of the cheek when the head is turned, as annotators place them.
    """

    def __init__(self, identity: Identity, move: Movement, turn: np.ndarray, distance: float):
        super().__init__(identity, move)
        self.turn, self.distance = turn, distance
        self.unit, self.origin = 1.0, np.zeros(2)
        self.landmarks = self._project_landmarks()

    def frame(self, box_centre: np.ndarray, unit: float) -> None:
        """Put the landmarks' bounding box at ``box_centre`` (pixels), with ``unit`` pixels a head unit."""
        landmarks = (self.landmarks - self.origin) * (unit / self.unit)
        self.unit, self.origin = unit, box_centre - (landmarks.min(0) + landmarks.max(0)) / 2
        self.landmarks = landmarks + self.origin

    def project(self, points: np.ndarray, turn: np.ndarray = None) -> np.ndarray:
        """(..., 2) pixels of ``points`` (..., 3), under the head's rotation or another one (the body's)."""
        view = (points - PIVOT) @ (self.turn if turn is None else turn).T
        scale = self.unit * self.distance / (self.distance - view[..., 2:])
        return self.origin + view[..., :2] * scale

    def at(self, x: np.ndarray, y: np.ndarray, lift: float = 0.0) -> np.ndarray:
        """(..., 2) pixels of the face's front at the frontal coordinates, ``lift`` above the skin."""
        points = self.surface(x, y)
        points[..., 2] += lift
        return self.project(points)

    def contour(self, arcs: np.ndarray, side: np.ndarray) -> np.ndarray:
        """(n, 2) pixels where ``arcs`` (n, k, 3), each from the face's middle to its side, are seen to end: the last
        point, or the horizon when the head is turned away. ``side`` (n,) is -1 for the left of the picture, else 1."""
        pixels = self.project(arcs)
        reach = (pixels @ self.upright[:, 0]) * np.asarray(side)[:, None]
        return pixels[np.arange(len(arcs)), reach.argmax(axis=1)]

    @property
    def upright(self) -> np.ndarray:
        """(2, 2) rotation in the picture that turns its axes to the head's; column 1 is the face's way down."""
        angle = np.arctan2(-self.turn[0, 1], self.turn[1, 1])
        return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    def facing(self, points: np.ndarray) -> np.ndarray:
        """(...) cosine between the skull's normal at ``points`` and the line of sight: above 0 where it is seen."""
        normal = (points - SKULL_CENTRE) / self.skull_axes**2
        normal = normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6)
        return normal @ self.turn[2]

    def _project_landmarks(self) -> np.ndarray:
        landmarks = self.project(self.points)
        jaw = self.points[:17]
        arcs = self.surface(jaw[:, :1] * horizon_steps(25), jaw[:, 1:2])
        arcs[:, -1] = jaw
        landmarks[:17] = self.contour(arcs, np.where(np.arange(17) < 8, -1, 1))
        landmarks[8] = self.project(jaw[8])
        return landmarks
