"""What finds faces: an image in, faces out, the largest first."""

import math
from typing import List, NamedTuple, Optional, Tuple

import cv2
import numpy as np

DETECTION_SIDE = 1280


class DetectedFace(NamedTuple):
    """A face in a photo: its box (x1, y1, x2, y2), a score, and five points (5, 2) where they are known, in pixels.

    The box may reach beyond the photo. The points are both eyes, the tip of the nose and the corners of the mouth, each
    pair from left to right in the picture; the first pixel's centre is (0, 0). Scores of different detectors do not
    compare.
    """

    box: Tuple[float, float, float, float]
    score: float
    points: Optional[np.ndarray] = None


class Detector:
    """What the detectors share. One of them defines :meth:`find`, and whether its faces have points.

    Args:
        min_score: faces with a lower score are left out. Defaults to None, the detector's own choice, ``MIN_SCORE``.
        min_size: faces whose box is smaller are left out, in pixels of the photo. Defaults to 24.
        largest_side: photos are shrunk to this many pixels for the detection, as time grows with their area; a face must
            have about 20 pixels then. Defaults to 1280.

    Raises:
        ValueError: for a number out of its range.
    """

    MIN_SCORE = 0.5
    has_points = False

    def __init__(
        self, min_score: Optional[float] = None, min_size: float = 24, largest_side: int = DETECTION_SIDE
    ) -> None:
        if min_score is not None and math.isnan(min_score):
            raise ValueError('min_score must be a number, got nan')
        self.min_score = self.MIN_SCORE if min_score is None else min_score
        for name, value, least in (('min_size', min_size, 0), ('largest_side', largest_side, 32)):
            if not value >= least:
                raise ValueError(f'{name} must be at least {least} pixels, got {value}')
        self.min_size = min_size
        self.largest_side = largest_side

    def __call__(self, photo: np.ndarray) -> List[DetectedFace]:
        """The faces in a photo.

        Args:
            photo: upright, (H, W, 3) BGR uint8.

        Returns:
            The largest face first.
        """
        height, width = photo.shape[:2]
        scale = min(self.largest_side / max(height, width), 1.0)
        shrunk = (max(round(width * scale), 1), max(round(height * scale), 1))
        image = cv2.resize(photo, shrunk, interpolation=cv2.INTER_AREA) if scale < 1 else np.ascontiguousarray(photo)
        back = np.array([width / shrunk[0], height / shrunk[1]])
        faces = []
        for box, score, points in self.find(image):
            left, top, right, bottom = (np.reshape(box, (2, 2)) * back).ravel().tolist()
            points = None if points is None else (np.asarray(points, np.float64) + 0.5) * back - 0.5
            if score >= self.min_score and min(right - left, bottom - top) >= max(self.min_size, 1):
                faces.append(DetectedFace((left, top, right, bottom), float(score), points))
        return sorted(faces, key=lambda face: -(face.box[2] - face.box[0]) * (face.box[3] - face.box[1]))

    def find(self, image: np.ndarray) -> List[DetectedFace]:
        """The faces in an image of at most ``largest_side`` pixels, in any order."""
        raise NotImplementedError

    def facts(self) -> dict:
        """All that its answers depend on, as plain values."""
        return dict(
            detector=type(self).__name__,
            min_score=self.min_score,
            min_size=self.min_size,
            largest_side=self.largest_side,
        )
