"""MTCNN: faces and their five points by the package facenet-pytorch, whose wheel holds the three networks."""

from typing import List, Optional

import numpy as np
import torch

from .detector import DETECTION_SIDE, DetectedFace, Detector

SMALLEST_FACE = 20  # pixels, of the image pyramid's first stage


class MTCNN(Detector):
    """Three small networks, one after the other, in several sizes of the image.

    Source: K. Zhang et al., "Joint face detection and alignment using multitask cascaded convolutional networks", IEEE
    Signal Processing Letters 2016, in the implementation of T. Esler.

    Args:
        min_score: in [0, 1]. Defaults to None, 0.95.
        min_size, largest_side: as :class:`Detector`.

    Raises:
        ImportError: without facenet-pytorch.
    """

    MIN_SCORE = 0.95
    has_points = True

    def __init__(
        self, min_score: Optional[float] = None, min_size: float = 24, largest_side: int = DETECTION_SIDE
    ) -> None:
        super().__init__(min_score, min_size, largest_side)
        try:
            from facenet_pytorch import MTCNN as Networks
        except ImportError as error:
            if (error.name or '').partition('.')[0] not in ('facenet_pytorch', ''):
                raise
            raise ImportError(
                'the detector mtcnn needs facenet-pytorch: pip install --no-deps facenet-pytorch==2.6.0 '
                '(without --no-deps, pip would replace torch by an older one)'
            ) from None
        self._networks = Networks(min_face_size=SMALLEST_FACE, keep_all=True, device='cpu')

    @torch.no_grad()
    def find(self, image: np.ndarray) -> List[DetectedFace]:
        if min(image.shape[:2]) < SMALLEST_FACE:
            return []
        boxes, scores, points = self._networks.detect(image[..., ::-1].copy(), landmarks=True)
        if boxes is None:
            return []
        return [
            DetectedFace(tuple(box), float(score), np.asarray(five, np.float64))
            for box, score, five in zip(boxes, scores, points)
        ]

    def facts(self) -> dict:
        from importlib.metadata import version

        return dict(super().facts(), package=version('facenet-pytorch'))
