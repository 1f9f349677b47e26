"""FastRandomFlip: mmcv's RandomFlip by OpenCV.

mmcv gives a view of the memory that runs backwards. Whatever comes next copies it first, at ten times the cost.
"""

import cv2
from mmcv.transforms import RandomFlip
from mmpretrain.registry import TRANSFORMS

AXES = dict(horizontal=1, vertical=0, diagonal=-1)  # cv2.flip's


@TRANSFORMS.register_module()
class FastRandomFlip(RandomFlip):
    """img (H, W, 3) -> the same, mirrored with probability `prob`; with the same draws as mmcv's RandomFlip.

    Boxes, keypoints and label maps are not mirrored: take mmcv's RandomFlip for samples that have them.

    Example:
        >>> dict(type='FastRandomFlip', prob=0.5)

    Args:
        prob: probability, or one for each direction.
        direction: 'horizontal', 'vertical' or 'diagonal', or a list of them. Defaults to 'horizontal'.
    """

    def _flip(self, results: dict) -> None:
        results['img'] = cv2.flip(results['img'], AXES[results['flip_direction']])
