"""FastSolarize: mmpretrain's Solarize by a table of 256 values."""

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
    """

    def transform(self, results: dict) -> dict:
        if self.random_disable():
            return results
        threshold = self.random_magnitude() if self.thr is None else self.thr
        results['img'] = cv2.LUT(results['img'], np.where(threshold > LEVELS, LEVELS, 255 - LEVELS))
        return results
