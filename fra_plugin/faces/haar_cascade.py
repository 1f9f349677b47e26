"""HaarCascade: frontal faces by OpenCV, which needs no model file and no other package."""

from typing import List, Optional

import cv2
import numpy as np

from .detector import DETECTION_SIDE, DetectedFace, Detector

CASCADE = 'haarcascade_frontalface_alt2.xml'
NEIGHBOURS = 3


class HaarCascade(Detector):
    """A cascade of OpenCV's wheel: no points, and few faces that are turned, tilted or covered.

    Source: P. Viola and M. Jones, "Rapid object detection using a boosted cascade of simple features", CVPR 2001, in the
    variant of R. Lienhart.

    Args:
        min_score: score of the last stage. Defaults to None, every face that the cascade lets through.
        min_size, largest_side: as :class:`Detector`.
    """

    MIN_SCORE = 0.0

    def __init__(
        self, min_score: Optional[float] = None, min_size: float = 24, largest_side: int = DETECTION_SIDE
    ) -> None:
        super().__init__(min_score, min_size, largest_side)
        self._cascade = cv2.CascadeClassifier(cv2.data.haarcascades + CASCADE)

    def find(self, image: np.ndarray) -> List[DetectedFace]:
        grey = cv2.equalizeHist(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
        boxes, _, scores = self._cascade.detectMultiScale3(
            grey, scaleFactor=1.1, minNeighbors=NEIGHBOURS, minSize=(20, 20), outputRejectLevels=True
        )
        return [
            DetectedFace((x, y, x + width, y + height), score) for (x, y, width, height), score in zip(boxes, scores)
        ]
