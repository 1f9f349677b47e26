"""LocatedMultiView's boxes say which part of the image each view shows."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmpretrain.registry import TRANSFORMS

from fra_plugin.datasets import LocatedMultiView

CROP = dict(type='FastRandomResizedCrop', scale=50, crop_ratio_range=(0.2, 1.0))


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmpretrain')


@pytest.mark.parametrize('direction', ['horizontal', 'vertical', 'diagonal'])
def test_a_box_leads_from_the_views_upper_left_corner_to_its_lower_right_one(direction):
    """Coordinates as colours tell what a view shows."""
    y, x = np.mgrid[:200, :250]
    image = np.stack([x, y, x * 0], -1).astype(np.uint8)
    flip = dict(type='RandomFlip', prob=0.5, direction=direction)
    transform = TRANSFORMS.build(dict(type='LocatedMultiView', num_views=[2, 1], transforms=[[CROP, flip], [CROP]]))
    np.random.seed(0)
    mirrored = 0
    for _ in range(20):
        results = transform(dict(img=image, sample_idx=3))
        assert results['sample_idx'] == 3 and len(results['img']) == len(results['view_boxes']) == 3
        for view, (left, top, width, height) in zip(results['img'], results['view_boxes']):
            first, last = view[0, 0, :2].astype(float), view[-1, -1, :2].astype(float)
            size = np.array([width, height])
            centre = size / 100  # of the corner pixel
            np.testing.assert_allclose(first, [left, top] + centre - 0.5, atol=1.5)
            np.testing.assert_allclose(last, [left, top] + size - centre - 0.5, atol=1.5)
            mirrored += width < 0 or height < 0
        assert min(results['view_boxes'][2][2:]) > 0
    assert 10 <= mirrored <= 30
    flipped = transform(dict(img=image, flip=True, flip_direction=direction))  # by somebody else, before
    assert min(flipped['view_boxes'][2][2:]) > 0


def test_a_pipeline_that_does_not_begin_with_the_crop_is_refused():
    with pytest.raises(ValueError, match='begin with FastRandomResizedCrop.*RandomFlip'):
        LocatedMultiView([[dict(type='RandomFlip', prob=0.5), CROP]], 2)
