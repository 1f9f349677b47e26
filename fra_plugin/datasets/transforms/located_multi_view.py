"""LocatedMultiView: mmpretrain's MultiView that also tells which part of the image each view shows."""

from typing import List, Optional, Union

import numpy as np
from mmpretrain.datasets.transforms import MultiView
from mmpretrain.registry import TRANSFORMS

from .photometric_draws import deferred
from .view_box import follow


@TRANSFORMS.register_module()
class LocatedMultiView(MultiView):
    """img (H, W, 3) -> img, a list of V views, and ``view_boxes``, one for each.

    A box is (x, y, width, height) in pixels, see :mod:`fra_plugin.models.carry_over`; width or height is negative in a
    mirrored view. ``FastPackInputs(meta_keys=('view_boxes', ...))`` hands them to the model.

    Example:
        >>> dict(type='LocatedMultiView', num_views=[2], transforms=[[dict(type='FastRandomResizedCrop', scale=224)]])

    Args:
        transforms: pipeline of each kind of view: FastRandomResizedCrop, FastRandomFlip, Resize and what
            changes colours only, in any order and number, also inside RandomApply, RandomChoice and Compose.
        num_views: views of each kind.
        on_device: colour jitter, grey, blur and solarize at the end of the pipelines are only drawn here, as
            ``photometric`` (V, 11); :class:`ViewPreprocessor` does them. FastPackInputs hands the draws on. Crop and flip
            stay here, because they make the boxes. Defaults to False.

    Raises:
        ValueError: for ``num_views`` that are no counts, one for each pipeline; for a transform that is not named above and
            may move pixels to an unknown place, such as Rotate; for ``on_device`` and a pipeline that does not end in the four
            above, in this order.
    """

    def __init__(
        self, transforms: List[List[dict]], num_views: Union[int, List[int]], *, on_device: bool = False
    ) -> None:
        counts = num_views if isinstance(num_views, (list, tuple)) else [num_views]
        if len(counts) != len(transforms) or not all(type(count) is int and count > 0 for count in counts):
            raise ValueError(
                f'num_views must be {len(transforms)} whole numbers above 0, one a pipeline, got {num_views!r}'
            )
        if not isinstance(on_device, bool):
            raise ValueError(f'on_device must be True or False, got {on_device!r}')
        super().__init__(transforms, list(counts))
        self.on_device = on_device
        for pipeline in self.pipelines:
            if on_device:
                pipeline.transforms = deferred(pipeline.transforms)
            follow(pipeline)

    def transform(self, results: dict) -> Optional[dict]:
        """The views; None if the pipeline of one gives None."""
        height, width = results['img'].shape[:2]
        views = []
        for transform in self.transforms:
            # A copy for each: some transforms write into the image that they are given.
            view = transform(dict(results, img=results['img'].copy(), view_box=(0, 0, width, height)))
            if view is None:
                return None
            views.append(view)
        results = dict(results, img=[view['img'] for view in views], view_boxes=[view['view_box'] for view in views])
        if self.on_device:
            results['photometric'] = np.stack([view['photometric'] for view in views])
        return results
