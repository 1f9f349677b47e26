"""The head's shape in three dimensions: the iBUG-68 points and the surface that they lie on.

Axes in head units, from the midpoint of the eyes: x to the right of a picture of the upright head, y down, z to the viewer.
Names of sides are the person's own, as in iBUG-68: the right eye (points 36 to 41) is on the left of the picture.
"""

import numpy as np

from .expression import Movement
from .identity import Identity

SKULL_CENTRE = np.array([0.0, -0.30, -0.72])
_SKULL_AXES = np.array([1.0, 1.15, 1.12])

# x, y, z of the right half of the jaw line (points 0 to 8)
_JAW = np.array(
    [
        [-1.00, 0.02, -0.62],
        [-0.995, 0.27, -0.58],
        [-0.965, 0.52, -0.52],
        [-0.92, 0.77, -0.42],
        [-0.835, 1.00, -0.28],
        [-0.69, 1.22, -0.11],
        [-0.49, 1.39, 0.07],
        [-0.25, 1.505, 0.19],
        [0, 1.54, 0.24],
    ]
)
_BROW = np.array([[-0.80, -0.27], [-0.68, -0.385], [-0.53, -0.43], [-0.37, -0.415], [-0.21, -0.36]])  # points 17 to 21
# points 36 to 41, about the eye's centre
_EYE = np.array([[-0.225, 0.01], [-0.095, -0.102], [0.085, -0.102], [0.20, 0.03], [0.085, 0.08], [-0.085, 0.08]])
_NOSE = np.array([[0, 0.0, 0.33], [0, 0.19, 0.44], [0, 0.37, 0.56], [0, 0.55, 0.69]])  # points 27 to 30
_NOSTRILS = np.array([[-0.20, 0.685, 0.37], [-0.105, 0.72, 0.45], [0, 0.745, 0.49]])  # points 31 to 33
# the upper outline's x / half width and y / height (points 48 to 53)
_LIPS = np.array([[-1, 0], [-0.64, -0.60], [-0.24, -1], [0, -0.85], [0.24, -1], [0.64, -0.60]])
_FRONT = np.array(
    [
        [-1.45, -0.70],
        [-1.3, -0.17],
        [-1.1, 0.08],
        [-0.8, 0.27],
        [-0.5, 0.37],
        [-0.2, 0.36],
        [0.1, 0.30],
        [0.4, 0.34],
        [0.7, 0.41],
        [1.0, 0.44],
        [1.25, 0.36],
        [1.6, 0.22],
    ]
)  # y, z of the face's middle line without the nose
_HEIGHTS = np.linspace(-1.5, 2.4, 256)  # where the surface is tabulated


class HeadShape:
    """One person's head with an expression, at rest in front of the viewer.

    Args:
        identity: the person.
        move: the expression's movement.

    ``points`` (68, 3) are the iBUG-68 points, ``jaw`` (9, 3) the right half of the jaw line.
    """

    def __init__(self, identity: Identity, move: Movement):
        self.identity, self.move = identity, move
        self.skull_axes = _SKULL_AXES * [1 + identity.shape['skull_width'], 1, 1]
        self.jaw = self._jaw()
        self.sections = self._cross_sections()
        self.points = self._points()

    def _jaw(self) -> np.ndarray:
        """(9, 3) right half of the jaw line."""
        shape, move = self.identity.shape, self.move
        jaw = _JAW.copy()
        down = np.clip((jaw[:, 1] - 0.3) / 1.2, 0, 1)
        jaw[:, 0] *= 1 + shape['skull_width'] * (1 - down) + shape['cheek'] * np.exp(-(((jaw[:, 1] - 0.6) / 0.35) ** 2))
        jaw[:, 0] *= 1 + shape['jaw_width'] * np.exp(-(((jaw[:, 1] - 1.05) / 0.35) ** 2))
        jaw[:, 0] *= 1 + shape['chin_width'] * np.exp(-(((jaw[:, 1] - 1.48) / 0.15) ** 2))
        jaw[:, 1] += down * jaw[:, 1] * shape['face_length'] + 0.62 * move.jaw * down**1.5
        return jaw

    def _cross_sections(self) -> np.ndarray:
        """(256, 4) half width, depth of the side, depth of the middle and roundness of the face at 256 heights."""
        y = _HEIGHTS
        below = y > self.jaw[0, 1]
        above = np.minimum(y, self.jaw[0, 1]) - SKULL_CENTRE[1]
        skull = self.skull_axes[0] * np.sqrt(np.clip(1 - (above / self.skull_axes[1]) ** 2, 0.02, 1))
        width = np.where(below, np.interp(y, self.jaw[:, 1], -self.jaw[:, 0]), skull)
        back = np.where(
            below,
            np.interp(y, self.jaw[:, 1], self.jaw[:, 2]),
            np.interp(y, [-0.6, self.jaw[0, 1]], [SKULL_CENTRE[2], self.jaw[0, 2]]),
        )
        front = np.interp(y, _FRONT[:, 0], _FRONT[:, 1])
        power = np.interp(y, [-0.25, 0.3], [2.0, 2.3])  # an ellipsoid above, flatter below
        return np.stack([np.maximum(width, 0.05), back, np.maximum(front, back), power], axis=1)

    def _section(self, y: np.ndarray) -> np.ndarray:
        """(4, ...) the cross section at the heights ``y``."""
        place = np.clip(
            (y - _HEIGHTS[0]) * ((len(_HEIGHTS) - 1) / (_HEIGHTS[-1] - _HEIGHTS[0])), 0, len(_HEIGHTS) - 1.001
        )
        row = place.astype(int)
        part = (place - row)[..., None]
        return np.moveaxis(self.sections[row] * (1 - part) + self.sections[row + 1] * part, -1, 0)

    def half_width(self, y: np.ndarray) -> np.ndarray:
        """Half the width of the face seen from the front at height ``y``."""
        return self._section(np.asarray(y, float))[0]

    def surface(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """(..., 3) points of the face's front at the frontal coordinates ``x``, ``y`` (nose left out)."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        width, back, front, power = self._section(y)
        side = np.minimum(np.abs(x) / width, 1)
        points = np.empty(side.shape + (3,))
        points[..., 0], points[..., 1] = x, y
        points[..., 2] = back + (front - back) * (1 - side**power) ** (1 / power)
        return points

    def skull(self, azimuth: np.ndarray, y: np.ndarray, scale: float = 1.0) -> np.ndarray:
        """(..., 3) points of the skull, ``scale`` times as large, at degrees ``azimuth`` from the front and height ``y``."""
        azimuth, y = np.broadcast_arrays(np.deg2rad(np.asarray(azimuth, float)), np.asarray(y, float))
        axes = self.skull_axes * scale
        level = np.sqrt(np.clip(1 - ((y - SKULL_CENTRE[1]) / axes[1]) ** 2, 0, 1))
        x, z = axes[0] * level * np.sin(azimuth), SKULL_CENTRE[2] + axes[2] * level * np.cos(azimuth)
        return np.stack([x, y, z], axis=-1)

    def _points(self) -> np.ndarray:
        """(68, 3) points; the jaw's are replaced by the visible contour when projecting."""
        shape, move = self.identity.shape, self.move
        points = np.zeros((68, 3))
        points[:9] = self.jaw
        points[9:17] = self.jaw[7::-1] * [-1, 1, 1]
        stretch = 1 + shape['face_length']
        for side in (-1, 1):
            lopsided = side * shape['asymmetry']
            brow = _BROW * [-side, 1]
            along = np.linspace(0, 1, 5)  # outer to inner end
            brow[:, 1] -= shape['brow_height'] + shape['brow_tilt'] * (1 - along) + lopsided
            brow[:, 1] -= (
                shape['brow_arch'] * np.sin(np.pi * along) + move.outer * (1 - along) + move.inner * along**1.5
            )
            brow[:, 0] -= side * (move.squeeze * along**2)
            centre = np.array([side * (0.42 + shape['eye_spacing']), lopsided / 2])
            eye = _EYE * (1 + shape['eye_size']) * [-side, 1]
            opening = (1 + shape['eye_open']) * np.maximum(move.lids, 0.3)
            eye[1:3, 1] *= opening
            eye[4:6, 1] *= (0.65 + 0.35 * opening) * (1 - 0.75 * move.squint)
            eye[0, 1] -= shape['eye_tilt']
            eye += centre
            brow, eye = self.surface(*brow.T), self.surface(*eye.T)
            brow[:, 2] += 0.02
            eye[:, 2] -= 0.05
            eye[[1, 2, 4, 5], 2] += 0.05
            if side < 0:
                points[17:22], points[36:42] = brow, eye
            else:
                points[22:27], points[42:48] = brow[::-1], eye[[3, 2, 1, 0, 5, 4]]
        self._nose(points, stretch)
        self._mouth(points, stretch)
        return points

    def _nose(self, points: np.ndarray, stretch: float) -> None:
        shape, move = self.identity.shape, self.move
        bridge, base = _NOSE.copy(), _NOSTRILS.copy()
        length = stretch * (1 + shape['nose_length'])
        bridge[:, 1] *= length
        base[:, 1] *= length
        bridge[1:3, 2] += shape['nose_hump']
        bridge[2:, 2] += shape['nose_depth'] * np.array([0.5, 1])
        base[:, 2] += shape['nose_depth'] * 0.4
        base[:, 0] *= 1 + shape['nose_width'] + 0.12 * move.wrinkle + 0.1 * move.cheek
        lift = 0.05 * move.wrinkle
        bridge[2:, 1] -= lift * 0.5
        base[:, 1] -= lift
        points[27:31] = bridge
        points[31:34], points[34:36] = base, base[1::-1] * [-1, 1, 1]

    def _mouth(self, points: np.ndarray, stretch: float) -> None:
        shape, move = self.identity.shape, self.move
        middle = (1.035 + shape['mouth_height']) * stretch
        half = 0.37 * (1 + shape['mouth_width']) + move.corner_out
        thin = 1 - 0.55 * move.press
        upper, lower = 0.095 * (1 + shape['upper_lip']) * thin, 0.125 * (1 + shape['lower_lip']) * thin
        gap_up, gap_down = move.upper + 0.10 * move.jaw, move.lower + 0.85 * move.jaw
        corner = middle - move.corner_up + 0.3 * move.jaw
        inner_half = half * 0.86

        def bow(x):  # height of the closed mouth's line, bent by the corners
            return middle + (corner - middle) * np.abs(x / half) ** 1.7

        def arch(x):  # how far an opening reaches at x
            return np.sqrt(np.clip(1 - (x / inner_half) ** 2, 0, 1))

        x = _LIPS[:, 0] * half
        top = bow(x) + _LIPS[:, 1] * upper - gap_up * arch(x)
        right = np.stack([x, top], axis=1)
        x = np.array([half, 0.60 * half, 0.26 * half, 0, -0.26 * half, -0.60 * half])
        bottom = bow(x) + np.array([0, 0.62, 0.95, 1.0, 0.95, 0.62]) * lower + gap_down * arch(x)
        outer = np.concatenate([right, np.stack([x, bottom], axis=1)])
        x = np.array([-inner_half, -0.4 * half, 0, 0.4 * half, inner_half])
        inner_top = np.stack([x, bow(x) - gap_up * arch(x)], axis=1)
        x = x[3:0:-1]
        inner_bottom = np.stack([x, bow(x) + 0.012 * thin + gap_down * arch(x)], axis=1)
        flat = np.concatenate([outer, inner_top, inner_bottom])
        flat[:, 1] += shape['asymmetry'] * flat[:, 0]
        mouth = self.surface(*flat.T)
        mouth[:, 2] += 0.03 + 0.05 * np.sqrt(np.clip(1 - (flat[:, 0] / half) ** 2, 0, 1))
        points[48:68] = mouth
