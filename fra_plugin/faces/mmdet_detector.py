"""MMDetDetector: any face detector of mmdet, such as the YOLOX of mmpose's demos, where mmdet is installed."""

import os
from typing import List, Optional

import numpy as np

from ..configs import load_config
from ..files.file_hash import sha256
from .detector import DETECTION_SIDE, DetectedFace, Detector


class MMDetDetector(Detector):
    """A config of mmdet and its weights; boxes without points.

    Args:
        config: config file of the detector.
        weights: its checkpoint on this machine; only tensors are read from it.
        min_score: in [0, 1]. Defaults to None, 0.5.
        min_size, largest_side: as :class:`Detector`.
        label: the class that means a face. Defaults to 0.

    Raises:
        ImportError: without mmdet (and mmcv with its operators).
        FileNotFoundError: if there is no such file.
    """

    def __init__(
        self,
        config: str,
        weights: str,
        min_score: Optional[float] = None,
        min_size: float = 24,
        largest_side: int = DETECTION_SIDE,
        *,
        label: int = 0,
    ) -> None:
        super().__init__(min_score, min_size, largest_side)
        for path in (config, weights):
            if not os.path.isfile(os.path.expanduser(path)):
                raise FileNotFoundError(f'no file {path}; the detector mmdet needs its config and its weights')
        try:
            from mmdet.apis import inference_detector, init_detector
        except ImportError as error:
            raise ImportError(
                f'the detector mmdet needs mmdet and mmcv with its operators ({error}): mim install mmcv mmdet'
            ) from None
        self._files = [os.path.expanduser(path) for path in (config, weights)]
        self._infer = inference_detector
        self._model = init_detector(load_config(self._files[0]), self._files[1], device='cpu')
        self.label = label

    def find(self, image: np.ndarray) -> List[DetectedFace]:
        found = self._infer(self._model, image).pred_instances.cpu().numpy()
        return [
            DetectedFace(tuple(box), float(score))
            for box, score, label in zip(found.bboxes, found.scores, found.labels)
            if label == self.label
        ]

    def facts(self) -> dict:
        config, weights = map(sha256, self._files)
        return dict(super().facts(), config=dict(sha256=config), weights=dict(sha256=weights), label=self.label)
