"""Follows which part of an image is left in it, through the transforms that cut, mirror or resize it.

A box is (x, y, width, height) in pixels of the first image, see :mod:`fra_plugin.models.carry_over`.
"""

from typing import Any, Callable, Optional, Tuple

from mmcv.transforms import (
    Compose,
    Normalize,
    RandomApply,
    RandomChoice,
    RandomChoiceResize,
    RandomFlip,
    RandomGrayscale,
    RandomResize,
    Resize,
)
from mmengine.dataset import Compose as Pipeline
from mmpretrain.datasets import transforms as mmpretrain_transforms

from .fast_color_jitter import FastColorJitter
from .fast_gaussian_blur import FastGaussianBlur
from .fast_random_flip import FastRandomFlip
from .fast_random_resized_crop import FastRandomResizedCrop
from .fast_solarize import FastSolarize

ViewBox = Tuple[float, float, float, float]

# Those that show the same part as before: they change colours, or the size of the whole image.
STILL = frozenset(
    [FastColorJitter, FastGaussianBlur, FastSolarize]
    + [Normalize, RandomChoiceResize, RandomGrayscale, RandomResize, Resize]
    + [
        getattr(mmpretrain_transforms, name)
        for name in (
            ['AutoContrast', 'Brightness', 'ColorJitter', 'ColorTransform', 'Contrast', 'Cutout', 'Equalize']
            + ['GaussianBlur', 'Invert', 'Lighting', 'Posterize', 'RandomErasing', 'ResizeEdge', 'Sharpness']
            + ['Solarize', 'SolarizeAdd']
        )
    ]
)
NESTED = (Compose, Pipeline, RandomApply, RandomChoice)  # with ``transforms``: a list, or something nested


class Followed:
    """A transform that cuts or mirrors, and keeps ``view_box`` up to date."""

    def __init__(self, transform: Callable, move: Callable[[ViewBox, Tuple[int, int], dict], ViewBox]) -> None:
        self.transform = transform
        self.move = move

    def __call__(self, results: dict) -> Optional[dict]:
        size = results['img'].shape[:2]
        box = results['view_box']
        results = self.transform(results)
        if results is not None:
            results['view_box'] = self.move(box, size, results)
        return results

    def __repr__(self) -> str:
        return repr(self.transform)


def follow(transform: Any) -> Any:
    """The transform or pipeline, changed so that it keeps ``view_box`` up to date in what it is given.

    Raises:
        ValueError: for a transform that may move pixels in another way.
    """
    kind = type(transform)
    if isinstance(transform, NESTED):
        inner = transform.transforms
        if isinstance(inner, list):
            inner[:] = [follow(part) for part in inner]
        else:
            follow(inner)
        return transform
    if kind in MOVES:
        return Followed(transform, MOVES[kind])
    if kind in STILL or getattr(transform, 'moves_no_pixel', False):
        return transform
    name = getattr(transform, '__name__', kind.__name__)
    raise ValueError(
        f'LocatedMultiView does not know where {name} moves the pixels of a view. Put it before LocatedMultiView, leave it '
        f'out, or take FastRandomResizedCrop, FastRandomFlip or Resize. A transform of your own that moves no pixel says so by '
        f'the attribute moves_no_pixel = True. MultiView takes any transform, for a head without cross_view.'
    )


def _cut(box: ViewBox, size: Tuple[int, int], results: dict) -> ViewBox:
    x, y, width, height = box
    left, top, cut_width, cut_height = results['crop_box']
    return (
        x + left * width / size[1],
        y + top * height / size[0],
        cut_width * width / size[1],
        cut_height * height / size[0],
    )


def _mirror(box: ViewBox, size: Tuple[int, int], results: dict) -> ViewBox:
    x, y, width, height = box
    direction = results['flip_direction'] if results['flip'] else ''
    if direction in ('horizontal', 'diagonal'):
        x, width = x + width, -width
    if direction in ('vertical', 'diagonal'):
        y, height = y + height, -height
    return x, y, width, height


MOVES = {FastRandomResizedCrop: _cut, FastRandomFlip: _mirror, RandomFlip: _mirror}
