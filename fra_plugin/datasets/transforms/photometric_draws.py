"""What colour jitter, grey, blur and solarize are to do with a view, drawn now and done later on the device.

The draws are those that the transforms themselves would make, in the same order. So a seed gives the same views, wherever
their colours are changed. :mod:`fra_plugin.models.photometric` does what the draws say.
"""

from typing import Any, Iterator, List

import numpy as np
from mmcv.transforms import RandomApply

from .fast_color_jitter import FastColorJitter
from .fast_gaussian_blur import FastGaussianBlur
from .fast_solarize import FastSolarize

NOTHING = (0, 1, 2, 3) + (1, 1, 1, 0) + (1, 0, 256)  # draws that change nothing
PLACES = ('jitter', 'grey', 'blur', 'solarize')  # the order in which the device works


class PhotometricDraws:
    """img -> the same img and ``photometric``, 11 numbers that say what is to be done with it.

    Args:
        transforms: FastColorJitter, FastColorJitter of the saturation only, FastGaussianBlur and FastSolarize, in this
            order, each at most once, also inside RandomApply.

    Raises:
        ValueError: for another order.
    """

    moves_no_pixel = True

    def __init__(self, transforms: List[Any]) -> None:
        self.transforms = transforms
        places = [_place(leaf) for transform in transforms for leaf in _leaves(transform)]
        if places != [place for place in PLACES if place in places]:
            raise ValueError(
                f'on_device does {", ".join(PLACES)}, in this order and each once, got {", ".join(places)}'
            )

    def __call__(self, results: dict) -> dict:
        draws = np.array(NOTHING, np.float32)
        for transform in self.transforms:
            if not isinstance(transform, RandomApply):
                _draw(transform, draws)
            elif transform.random_apply():
                for leaf in _leaves(transform):
                    _draw(leaf, draws)
        results['photometric'] = draws
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.transforms})'


def deferred(transforms: List[Any]) -> List[Any]:
    """The same transforms, with those at their end that the device can do replaced by :class:`PhotometricDraws`.

    Raises:
        ValueError: if there are none at the end.
    """
    end = len(transforms)
    while end and all(_place(leaf) for leaf in _leaves(transforms[end - 1])):
        end -= 1
    if end == len(transforms):
        raise ValueError(
            'on_device: the pipeline of a view must end in FastColorJitter, FastGaussianBlur or FastSolarize, got '
            f'{type(transforms[-1]).__name__ if transforms else "an empty one"}'
        )
    return transforms[:end] + [PhotometricDraws(transforms[end:])]


def _leaves(transform: Any) -> Iterator[Any]:
    yield from transform.transforms.transforms if isinstance(transform, RandomApply) else [transform]


def _place(transform: Any) -> str:
    """Where in the order of the device a transform stands, '' if the device does not know it."""
    if type(transform) is FastColorJitter:
        others = (transform.brightness, transform.contrast, transform.hue)
        return 'grey' if transform.saturation is not None and others == (None,) * 3 else 'jitter'
    return {FastGaussianBlur: 'blur', FastSolarize: 'solarize'}.get(type(transform), '')


def _draw(transform: Any, draws: np.ndarray) -> None:
    place = _place(transform)
    if place == 'blur':
        draws[9] = transform.sigma()
    elif place == 'solarize':
        draws[10] = transform.threshold()
    else:
        order, *amounts = transform._rand_params()
        if place == 'grey':
            draws[8] = amounts[2]
        else:
            draws[:4] = order
            draws[4:8] = [NOTHING[4 + i] if amount is None else amount for i, amount in enumerate(amounts)]
