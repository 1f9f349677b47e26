"""What is left for the device is drawn as the transforms would draw it, and crops and flips stay where they are."""

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS, TRANSFORMS

from fra_plugin.configs import load_config

IMAGE = np.random.default_rng(0).integers(0, 256, (60, 50, 3), np.uint8)
CROP = dict(type='FastRandomResizedCrop', scale=24, crop_ratio_range=(0.2, 1.0))
JITTER = dict(type='FastColorJitter', brightness=0.4, hue=0.1)
GREY = dict(type='FastColorJitter', saturation=(0, 0))
BLUR = dict(type='FastGaussianBlur', magnitude_range=(0.1, 2.0), magnitude_std='inf', prob=1.0)
SOLARIZE = dict(type='FastSolarize', thr=128, prob=0.5)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmpretrain')


def build(*pipelines, on_device=True):
    return TRANSFORMS.build(
        dict(type='LocatedMultiView', num_views=[1] * len(pipelines), transforms=list(pipelines), on_device=on_device)
    )


def views(transform, seeds):
    for seed in seeds:
        np.random.seed(seed)
        yield transform(dict(img=IMAGE))


def test_crops_flips_and_boxes_are_those_of_the_cpu():
    """Of the main recipe."""
    first, second = load_config('fra_r50_8xb64').train_pipeline[1].transforms
    later, now = build(first, second), build(first, second, on_device=False)
    plain = build(first[:2], second[:2], on_device=False)
    mirrored = 0
    for seed, one, other in zip(range(20), views(later, range(20)), views(now, range(20))):
        assert one['view_boxes'] == other['view_boxes'] and one['photometric'].shape == (2, 11)
        assert 'photometric' not in other
        np.testing.assert_array_equal(one['img'][0], next(views(plain, [seed]))['img'][0])  # the first to be drawn
        mirrored += one['view_boxes'][0][2] < 0
    assert 4 <= mirrored <= 16


def test_what_is_applied_at_random_is_drawn_only_then():
    both = dict(type='RandomApply', transforms=[JITTER, GREY], prob=0.5)
    rows = np.stack([sample['photometric'][0] for sample in views(build([CROP, both, BLUR, SOLARIZE]), range(60))])
    changed = rows[:, 4] != 1
    assert 15 < changed.sum() < 45
    assert (changed == (rows[:, 8] == 0)).all() and (changed == (rows[:, 7] != 0)).all()
    assert (rows[:, 5:7] == 1).all()  # contrast and saturation are not asked for
    assert rows[:, 9].min() >= 0.1 and rows[:, 9].max() <= 2 and set(rows[:, 10]) == {128, 256}
    assert (np.sort(rows[:, :4]) == range(4)).all()


@pytest.mark.parametrize(
    'pipeline, message',
    [
        ([CROP], 'must end in FastColorJitter, FastGaussianBlur or FastSolarize, got FastRandomResizedCrop'),
        ([CROP, JITTER, dict(type='GaussianBlur', radius=1.0)], 'got GaussianBlur'),
        ([], 'got an empty one'),
        ([CROP, BLUR, JITTER], 'in this order and each once, got blur, jitter'),
        ([CROP, JITTER, dict(type='RandomApply', transforms=[JITTER])], 'got jitter, jitter'),
    ],
)
def test_what_the_device_cannot_do_is_refused_in_one_line(pipeline, message):
    with pytest.raises(ValueError, match=f'on_device.*{message}'):
        build(pipeline)


def test_what_stands_before_them_stays_on_the_cpu():
    transform = build([CROP, dict(type='Invert', prob=1.0), SOLARIZE])
    np.random.seed(0)
    inverted = transform(dict(img=np.zeros((30, 30, 3), np.uint8)))
    assert (inverted['img'][0] == 255).all() and inverted['photometric'].shape == (1, 11)


def test_draws_that_would_be_lost_are_refused_in_one_line(tmp_path):
    cv2.imwrite(str(tmp_path / '1.png'), IMAGE)
    views = dict(type='LocatedMultiView', num_views=[2], transforms=[[CROP, BLUR]], on_device=True)
    faces = dict(type='FaceFolder', data_root=str(tmp_path), cache_dir=str(tmp_path / '.cache'))
    sample = DATASETS.build(dict(faces, pipeline=[dict(type='LoadFace'), views, dict(type='FastPackInputs')]))[0]
    assert sample['photometric'].shape == (2, 11)
    with pytest.raises(ValueError, match='needs FastPackInputs behind it.* ends in PackInputs'):
        DATASETS.build(dict(faces, pipeline=[dict(type='LoadFace'), views, dict(type='PackInputs')]))
