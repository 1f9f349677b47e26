"""LocatedMultiView's boxes say which part of the image each view shows."""

import pickle

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmpretrain.registry import TRANSFORMS

from fra_plugin.datasets import FastRandomResizedCrop

CROP = dict(type='FastRandomResizedCrop', scale=50, crop_ratio_range=(0.2, 1.0))


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmpretrain')


def shown(view):
    """Where the corners of a view of :func:`coordinates` lie in the image: (x, y) of the first and the last pixel."""
    return view[0, 0, :2].astype(float), view[-1, -1, :2].astype(float)


@pytest.fixture
def coordinates():
    """Coordinates as colours tell what a view shows."""
    y, x = np.mgrid[:200, :250]
    return np.stack([x, y, x * 0], -1).astype(np.uint8)


def assert_located(results):
    """Each box leads from the view's upper left corner to its lower right one."""
    for view, (left, top, width, height) in zip(results['img'], results['view_boxes']):
        first, last = shown(view)
        size = np.array([width, height])
        centre = size / (2 * np.array(view.shape[1::-1]))  # of the corner pixel
        tolerance = 2 + 0.1 * np.abs(centre).max()  # averages of neighbours are cut off at a border
        np.testing.assert_allclose(first, [left, top] + centre - 0.5, atol=tolerance)
        np.testing.assert_allclose(last, [left, top] + size - centre - 0.5, atol=tolerance)


def build(*pipelines, num_views=1):
    return TRANSFORMS.build(
        dict(type='LocatedMultiView', num_views=[num_views] * len(pipelines), transforms=list(pipelines))
    )


FLIPS = {
    direction: dict(type='RandomFlip', prob=0.5, direction=direction)
    for direction in ('horizontal', 'vertical', 'diagonal')
}
RESIZE = dict(type='Resize', scale=(180, 120))
ALWAYS_FLIPPED = dict(type='RandomFlip', prob=1.0)
PIPELINES = dict(
    one_flip=[CROP, FLIPS['diagonal']],
    two_flips=[CROP, FLIPS['horizontal'], FLIPS['vertical']],
    the_same_flip_twice=[CROP, ALWAYS_FLIPPED, FLIPS['horizontal']],
    flip_before_the_crop=[ALWAYS_FLIPPED, CROP],
    two_crops=[CROP, FLIPS['diagonal'], dict(CROP, scale=30), FLIPS['vertical']],
    resized=[RESIZE, CROP, FLIPS['horizontal'], dict(type='ResizeEdge', scale=70)],
    fast_flips=[CROP, *(dict(FLIPS[direction], type='FastRandomFlip') for direction in ('horizontal', 'vertical'))],
    no_crop=[FLIPS['horizontal']],
    applied=[CROP, dict(type='RandomApply', transforms=[ALWAYS_FLIPPED, FLIPS['vertical']], prob=0.5)],
    chosen=[CROP, dict(type='RandomChoice', transforms=[[ALWAYS_FLIPPED], [dict(CROP, scale=20)], [RESIZE]])],
    composed=[dict(type='Compose', transforms=[CROP, dict(type='Compose', transforms=[FLIPS['diagonal']])])],
)


@pytest.mark.parametrize('pipeline', PIPELINES)
def test_a_box_follows_what_cuts_mirrors_and_resizes(coordinates, pipeline):
    transform = build(PIPELINES[pipeline], num_views=2)
    np.random.seed(0)
    for _ in range(20):
        assert_located(transform(dict(img=coordinates)))


@pytest.mark.parametrize('direction', ['horizontal', 'vertical', 'diagonal'])
def test_a_box_leads_from_the_views_upper_left_corner_to_its_lower_right_one(coordinates, direction):
    transform = build([CROP, FLIPS[direction]], [CROP], num_views=2)
    np.random.seed(0)
    mirrored = 0
    for _ in range(20):
        results = transform(dict(img=coordinates, sample_idx=3))
        assert results['sample_idx'] == 3 and len(results['img']) == len(results['view_boxes']) == 4
        assert_located(results)
        mirrored += sum(width < 0 or height < 0 for _, _, width, height in results['view_boxes'])
        assert min(results['view_boxes'][2][2:]) > 0
    assert 10 <= mirrored <= 30
    flipped = transform(dict(img=coordinates, flip=True, flip_direction=direction))  # by somebody else, before
    assert min(flipped['view_boxes'][2][2:]) > 0


class Swirl:
    def __call__(self, results):
        return results


class Tint(Swirl):
    moves_no_pixel = True


class MovingCrop(FastRandomResizedCrop):
    """A subclass may do something else than its base."""


@pytest.mark.parametrize(
    'bad, name',
    [
        (dict(type='Rotate', angle=20.0), 'Rotate'),
        (dict(type='RandomApply', transforms=[dict(type='Shear', magnitude=0.1)]), 'Shear'),
        (
            dict(
                type='RandomChoice', transforms=[[dict(type='Solarize', thr=1)], [dict(type='CenterCrop', crop_size=9)]]
            ),
            'Cent',
        ),
        (dict(type='Compose', transforms=[dict(type='RandomResizedCrop', scale=9)]), 'RandomResizedCrop'),
        (dict(type='AutoAugment', policies='imagenet'), 'Rotate'),
        (dict(type='RandAugment', policies='timm_increasing', num_policies=1, magnitude_level=1), 'RandAugment'),
        (dict(type='Pad', size=(300, 300)), 'Pad'),
        (dict(type='torchvision/RandomRotation', degrees=5), 'Tor'),
        (Swirl(), 'Swirl'),
        (MovingCrop(9), 'MovingCrop'),
        (len, 'len'),
    ],
)
def test_what_moves_pixels_to_an_unknown_place_is_refused(bad, name):
    with pytest.raises(ValueError, match=f'does not know where {name}.*Put it before LocatedMultiView'):
        build([CROP, bad])


def test_what_changes_colours_only_is_taken(coordinates):
    names = ('AutoContrast', 'Equalize', 'Invert')
    pipeline = [CROP, *(dict(type=name, prob=0.5) for name in names), dict(type='RandomErasing'), Tint()]
    results = build(pipeline)(dict(img=coordinates))
    assert results['img'][0].shape == (50, 50, 3) and len(results['view_boxes'][0]) == 4


def test_the_image_itself_is_left_alone(coordinates):
    before = coordinates.copy()
    build([dict(type='RandomErasing', erase_prob=1.0)], num_views=4)(dict(img=coordinates))
    np.testing.assert_array_equal(coordinates, before)


def test_a_view_that_is_none_gives_none(coordinates):
    tint = Tint()
    tint_to_none = lambda results: None  # noqa: E731
    tint_to_none.moves_no_pixel = True
    assert build([CROP, tint], [tint_to_none])(dict(img=coordinates)) is None


def test_it_can_be_sent_to_another_process(coordinates):
    assert_located(pickle.loads(pickle.dumps(build(PIPELINES['applied'])))(dict(img=coordinates)))
