"""YuNet: OpenCV's small network for faces, with a model file of the user's."""

import os
from typing import List, Optional

import cv2
import numpy as np

from ..files.file_hash import sha256
from .detector import DETECTION_SIDE, DetectedFace, Detector

OVERLAP = 0.3  # of two boxes that are taken for one face


class YuNet(Detector):
    """``cv2.FaceDetectorYN`` with a file such as face_detection_yunet_2023mar.onnx of OpenCV's model zoo.

    Source: W. Wu, H. Peng and S. Yu, "YuNet: A tiny millisecond-level face detector", Machine Intelligence Research 2023.

    Args:
        model: the onnx file.
        min_score: in [0, 1]. Defaults to None, 0.8.
        min_size, largest_side: as :class:`Detector`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if OpenCV can't read it, or finds no output of YuNet in it.
    """

    MIN_SCORE = 0.8
    has_points = True

    def __init__(
        self, model: str, min_score: Optional[float] = None, min_size: float = 24, largest_side: int = DETECTION_SIDE
    ) -> None:
        super().__init__(min_score, min_size, largest_side)
        self.model = os.path.expanduser(model)
        if not os.path.isfile(self.model):
            raise FileNotFoundError(f'no model file of YuNet {self.model}')
        try:
            self._network = cv2.FaceDetectorYN.create(self.model, '', (64, 64), self.min_score, OVERLAP, 5000)
            self.find(np.zeros((64, 64, 3), np.uint8))
        except cv2.error as error:
            raise ValueError(f'{self.model} is no model of YuNet: {" ".join(str(error).split())[:200]}') from None

    def find(self, image: np.ndarray) -> List[DetectedFace]:
        self._network.setInputSize(image.shape[1::-1])
        rows = self._network.detect(image)[1]
        faces = []
        for row in rows if rows is not None else ():
            x, y, width, height = row[:4]
            faces.append(DetectedFace((x, y, x + width, y + height), row[14], row[4:14].reshape(5, 2)))
        return faces

    def facts(self) -> dict:
        return dict(super().facts(), model=dict(sha256=sha256(self.model)))
