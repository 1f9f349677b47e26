"""Values that no view can be made with are refused when a pipeline is built, not by a data worker later."""

import pytest
from mmengine.registry import init_default_scope
from mmpretrain.registry import TRANSFORMS

import fra_plugin  # noqa: F401  registers

NAN = float('nan')
VIEW = [dict(type='FastRandomResizedCrop', scale=32)]


@pytest.mark.parametrize(
    'transform, message',
    [
        (dict(type='LocatedMultiView', num_views=0, transforms=[VIEW]), 'num_views must be 1 whole numbers above 0'),
        (dict(type='LocatedMultiView', num_views=[-1], transforms=[VIEW]), 'num_views must be .*got \\[-1\\]'),
        (dict(type='LocatedMultiView', num_views=[1, 1], transforms=[VIEW]), 'num_views must be .*one a pipeline'),
        (
            dict(type='LocatedMultiView', num_views=[2], transforms=[VIEW], on_device='ture'),
            "True or False, got 'ture'",
        ),
        (dict(type='FastRandomResizedCrop', scale=0), 'scale must be one side or two in pixels, at least 1, got 0'),
        (dict(type='FastRandomResizedCrop', scale=(32, 0.5)), 'scale must be'),
        (
            dict(type='FastRandomResizedCrop', scale=9, crop_ratio_range=(NAN, 1)),
            'crop_ratio_range must be two positive',
        ),
        (dict(type='FastRandomResizedCrop', scale=9, crop_ratio_range=(1, 0.2)), 'the smaller one first'),
        (dict(type='FastRandomResizedCrop', scale=9, aspect_ratio_range=(0, 1)), 'aspect_ratio_range must be'),
        (dict(type='FastColorJitter', brightness=NAN), 'brightness must be finite, got nan'),
        (dict(type='FastColorJitter', hue=3), 'hue must be at most 0.5 turns of the colour circle, got 3'),
        (dict(type='FastGaussianBlur', radius=-1), 'radius must be finite and not negative, got -1'),
        (
            dict(type='FastGaussianBlur', magnitude_range=(NAN, 2), magnitude_std='inf'),
            'magnitude_range must be finite',
        ),
        (dict(type='FastSolarize', thr='x'), "thr must be a level from 0 to 256, got 'x'"),
        (dict(type='FastSolarize', thr=NAN), 'thr must be a level from 0 to 256, got nan'),
    ],
)
def test_a_value_that_no_view_can_be_made_with(transform, message):
    init_default_scope('mmpretrain')
    with pytest.raises(ValueError, match=message):
        TRANSFORMS.build(transform)
