"""FastRandomResizedCrop: mmpretrain's RandomResizedCrop by OpenCV, without aliasing.

torchvision's crop (Pillow) averages over the pixels that a smaller one replaces; OpenCV's bilinear resize looks at
four of them only. Averaging (INTER_AREA) where the crop shrinks and bilinear where it grows is both right and fast.
"""

from typing import Sequence, Tuple, Union

import cv2
from mmpretrain.datasets.transforms import RandomResizedCrop
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class FastRandomResizedCrop(RandomResizedCrop):
    """img (H, W, 3) -> a random part of it at `scale`, (h, w, 3), and ``crop_box``: its left, top, width, height.

    Example:
        >>> dict(type='FastRandomResizedCrop', scale=224, crop_ratio_range=(0.2, 1.0))

    Args:
        scale: size of the result, one side or (h, w), in pixels.
        crop_ratio_range: share of the image's area. Defaults to (0.08, 1.0).
        aspect_ratio_range: width / height of the part. Defaults to (3 / 4, 4 / 3).
        max_attempts: draws until the centre is taken. Defaults to 10.
    """

    def __init__(
        self,
        scale: Union[int, Sequence[int]],
        crop_ratio_range: Tuple[float, float] = (0.08, 1.0),
        aspect_ratio_range: Tuple[float, float] = (3 / 4, 4 / 3),
        max_attempts: int = 10,
    ) -> None:
        super().__init__(scale, crop_ratio_range, aspect_ratio_range, max_attempts)

    def transform(self, results: dict) -> dict:
        top, left, height, width = self.rand_crop_params(results['img'])
        part = results['img'][top : top + height, left : left + width]
        shrinks = height >= self.scale[0] and width >= self.scale[1]
        results['img'] = cv2.resize(
            part, tuple(self.scale[::-1]), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        )
        results['img_shape'] = results['img'].shape[:2]
        results['crop_box'] = left, top, width, height
        return results
