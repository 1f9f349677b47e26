"""FastSolarize: mmpretrain's Solarize by a table of 256 values."""

from typing import Optional

import cv2
import numpy as np
from mmpretrain.datasets.transforms import Solarize
from mmpretrain.registry import TRANSFORMS

LEVELS = np.arange(256, dtype=np.uint8)


@TRANSFORMS.register_module()
class FastSolarize(Solarize):
    """img (H, W, 3) uint8 -> the same, levels from `thr` on inverted with probability `prob`.

    Example:
        >>> dict(type='FastSolarize', thr=128, prob=0.2)

    Args:
        thr: level from which on x becomes 255 - x. Defaults to None.
        prob: probability of solarizing. Defaults to 0.5.
        **kwargs: instead of thr, its range as in mmpretrain's Solarize.

    Raises:
        ValueError: for a level that is no number from 0 to 256.
    """

    def __init__(self, thr: Optional[float] = None, prob: float = 0.5, **kwargs) -> None:
        super().__init__(thr, prob, **kwargs)
        if thr is not None and not (isinstance(thr, (int, float)) and 0 <= thr <= 256):
            raise ValueError(f'thr must be a level from 0 to 256, got {thr!r}')

    def threshold(self) -> float:
        """Drawn for an image: level from which on it is inverted, 256 if it is not to be solarized."""
        if self.random_disable():
            return 256
        return self.random_magnitude() if self.thr is None else self.thr

    def transform(self, results: dict) -> dict:
        threshold = self.threshold()
        if threshold < 256:
            table = np.where(threshold > LEVELS, LEVELS, 255 - LEVELS)
            results['img'] = cv2.LUT(results['img'], table)
        return results
