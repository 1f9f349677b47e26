"""Mirrors a face together with its pose."""

from mmcv.transforms import RandomFlip
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomFlipPose(RandomFlip):
    """img (H, W, 3) and ``gt_score`` (yaw, pitch, roll) -> both as in a mirror, with probability `prob`.

    In a mirror yaw and roll have the other sign, and pitch is the same.

    Example:
        >>> dict(type='RandomFlipPose', prob=0.5)

    Args:
        prob: probability of mirroring. Defaults to 0.5.
    """

    def __init__(self, prob: float = 0.5) -> None:
        super().__init__(prob=prob, direction='horizontal')

    def transform(self, results: dict) -> dict:
        results = super().transform(results)
        if results['flip']:
            yaw, pitch, roll = results['gt_score']
            results['gt_score'] = [-yaw, pitch, -roll]
        return results
