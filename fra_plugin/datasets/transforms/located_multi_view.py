"""LocatedMultiView: mmpretrain's MultiView that also tells which part of the image each view shows."""

from typing import Tuple

from mmpretrain.datasets.transforms import MultiView
from mmpretrain.registry import TRANSFORMS

from .fast_random_resized_crop import FastRandomResizedCrop


@TRANSFORMS.register_module()
class LocatedMultiView(MultiView):
    """img (H, W, 3) -> img, a list of V views, and ``view_boxes``, one for each.

    A box is (x, y, width, height) in pixels, see :mod:`fra_plugin.models.carry_over`; width or height is negative in a
    mirrored view. ``PackInputs(meta_keys=('view_boxes', ...))`` hands them to the model.

    Args:
        transforms (list[list]): Pipeline of each kind of view: FastRandomResizedCrop first, then what moves no pixel, but
            for one RandomFlip.
        num_views (int | list[int]): Views of each kind.

    Raises:
        ValueError: if a pipeline doesn't begin with FastRandomResizedCrop.
    """

    def __init__(self, transforms, num_views) -> None:
        super().__init__(transforms, num_views)
        for pipeline in self.pipelines:
            first = pipeline.transforms[0] if pipeline.transforms else None
            if not isinstance(first, FastRandomResizedCrop):
                raise ValueError(
                    'each pipeline of LocatedMultiView must begin with FastRandomResizedCrop, which tells '
                    f'where it cuts; got {type(first).__name__}'
                )

    def transform(self, results: dict) -> dict:
        views = [transform(dict(results, flip=False)) for transform in self.transforms]
        return dict(results, img=[view['img'] for view in views], view_boxes=[_box(view) for view in views])


def _box(view: dict) -> Tuple[float, float, float, float]:
    x, y, width, height = view['crop_box']
    direction = view['flip_direction'] if view['flip'] else ''
    if direction in ('horizontal', 'diagonal'):
        x, width = x + width, -width
    if direction in ('vertical', 'diagonal'):
        y, height = y + height, -height
    return x, y, width, height
