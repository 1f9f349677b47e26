"""FastColorJitter: torchvision's ColorJitter on BGR arrays, by OpenCV.

mmpretrain's ColorJitter copies the image to Pillow and back for each of its four steps (or takes a histogram, with
its cv2 backend) and needs most of a pipeline's time. Brightness and contrast are Pillow's. Saturation differs from
Pillow's by rounding, hue by the 8 bits of HSV, of which OpenCV makes better use.
"""

from typing import Sequence, Union

import cv2
import numpy as np
from mmpretrain.datasets.transforms import ColorJitter
from mmpretrain.registry import TRANSFORMS

Amount = Union[float, Sequence[float]]
DOWN = -0.499  # added to what OpenCV rounds, to cut it off after the decimal point as Pillow does


@TRANSFORMS.register_module()
class FastColorJitter(ColorJitter):
    """img (H, W, 3) BGR uint8 -> the same, its brightness, contrast, saturation and hue changed in random order.

    Example:
        >>> dict(type='FastColorJitter', brightness=0.4, contrast=0.4, saturation=0.2, hue=0.1)

    Args:
        brightness: factor in [1 - b, 1 + b], or in the given range. Defaults to 0.
        contrast: as brightness; towards the mean grey of the image. Defaults to 0.
        saturation: as brightness; towards the grey image. Defaults to 0.
        hue: shift in [-h, h] turns of the colour circle, at most 0.5. Defaults to 0.

    Raises:
        ValueError: for an amount that is not finite or negative, or a hue above 0.5.
    """

    def __init__(
        self, brightness: Amount = 0.0, contrast: Amount = 0.0, saturation: Amount = 0.0, hue: Amount = 0.0
    ) -> None:
        for name, amount in dict(brightness=brightness, contrast=contrast, saturation=saturation, hue=hue).items():
            if not np.isfinite(amount).all():
                raise ValueError(f'{name} must be finite, got {amount}')
        if np.abs(hue).max() > 0.5:
            raise ValueError(f'hue must be at most 0.5 turns of the colour circle, got {hue}')
        super().__init__(brightness, contrast, saturation, hue)

    def transform(self, results: dict) -> dict:
        img = results['img']
        order, *amounts = self._rand_params()
        for step in order:
            if amounts[step] is not None:
                img = STEPS[step](img, amounts[step])
        results['img'] = img
        return results


def _blend(img: np.ndarray, level: float, factor: float) -> np.ndarray:
    """`level` + factor * (img - level), cut off at 0 and 255 and after the decimal point, as Pillow does."""
    return cv2.addWeighted(img, factor, img, 0, (1 - factor) * level + DOWN)


def _brightness(img: np.ndarray, factor: float) -> np.ndarray:
    return _blend(img, 0, factor)


def _contrast(img: np.ndarray, factor: float) -> np.ndarray:
    return _blend(img, int(cv2.mean(cv2.cvtColor(img, cv2.COLOR_BGR2GRAY))[0] + 0.5), factor)


def _saturation(img: np.ndarray, factor: float) -> np.ndarray:
    grey = cv2.cvtColor(cv2.cvtColor(img, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return grey if factor == 0 else cv2.addWeighted(img, factor, grey, 1 - factor, 0)


def _hue(img: np.ndarray, shift: float) -> np.ndarray:
    hsv = cv2.cvtColor(img, cv2.COLOR_BGR2HSV_FULL)
    hsv[..., 0] += np.uint8(round(shift * 256) % 256)  # wraps around like the colour circle
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR_FULL)


STEPS = (_brightness, _contrast, _saturation, _hue)
