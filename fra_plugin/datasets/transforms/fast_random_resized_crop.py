"""FastRandomResizedCrop: mmpretrain's RandomResizedCrop by OpenCV, without aliasing.

torchvision's crop (Pillow) averages over the pixels that a smaller one replaces; OpenCV's bilinear resize looks at
four of them only. Averaging (INTER_AREA) where the crop shrinks and bilinear where it grows is both right and fast.
"""

import cv2
from mmpretrain.datasets.transforms import RandomResizedCrop
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class FastRandomResizedCrop(RandomResizedCrop):
    """img (H, W, 3) -> a random part of it at `scale`, (h, w, 3), and ``crop_box``: its left, top, width, height.

    Args:
        scale (int | Sequence[int]): Size of the result, one side or (h, w), in pixels.
        crop_ratio_range (tuple): Share of the image's area. Default: (0.08, 1.0).
        aspect_ratio_range (tuple): Width / height of the part. Default: (3 / 4, 4 / 3).
        max_attempts (int): Draws until the centre is taken. Default: 10.
    """

    def __init__(
        self, scale, crop_ratio_range=(0.08, 1.0), aspect_ratio_range=(3 / 4, 4 / 3), max_attempts: int = 10
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
