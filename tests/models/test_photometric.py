"""Colour changes of a batch on its device are those of the data workers' transforms."""

from itertools import permutations

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmpretrain.registry import TRANSFORMS

from fra_plugin.datasets import FastColorJitter, FastGaussianBlur, FastSolarize
from fra_plugin.datasets.transforms.photometric_draws import NOTHING, PhotometricDraws
from fra_plugin.models import ViewPreprocessor
from fra_plugin.models.photometric import photometric


def picture(seed=0):
    """BGR (32, 40, 3): smooth colours of every hue, values at both ends, and noise."""
    rng = np.random.default_rng(seed)
    smooth = cv2.resize(rng.integers(-60, 316, (5, 6, 3)).astype(np.float32), (40, 32), interpolation=cv2.INTER_CUBIC)
    return (smooth + rng.integers(-20, 20, (32, 40, 3))).clip(0, 255).astype(np.uint8)


def on_device(images, draws):
    """(N, H, W, 3) -> (N, H, W, 3)."""
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float()
    return photometric(pixels, torch.tensor(np.array(draws), dtype=torch.float32)).permute(0, 2, 3, 1).numpy()


def draws_of(order=(0, 1, 2, 3), brightness=1.0, contrast=1.0, saturation=1.0, hue=0.0, **rest):
    places = dict(colour=1.0, sigma=0.0, threshold=256.0)
    return (*order, brightness, contrast, saturation, hue, *dict(places, **rest).values())


def difference(ours, theirs):
    return np.abs(ours.astype(float) - theirs.astype(float))


def fixed(**amounts):
    return FastColorJitter(**{name: (amount, amount) for name, amount in amounts.items()})


# How far the two may be apart, in levels of 255: in the mean, and at most. The transforms round to whole levels.
OPERATIONS = [
    *((fixed(brightness=b), dict(brightness=b), 0.5, 1) for b in (0.6, 0.97, 1.4)),
    *((fixed(contrast=c), dict(contrast=c), 0.5, 1) for c in (0.6, 0.97, 1.4)),
    *((fixed(saturation=s), dict(saturation=s), 0.4, 1.01) for s in (0.8, 1.2)),
    *((fixed(hue=h), dict(hue=h), 1, 12) for h in (-0.1, -0.03, 0.05, 0.5)),  # hue has 8 bits there
    (fixed(saturation=0), dict(colour=0.0), 0.4, 0.51),
    *((FastGaussianBlur(radius=s, prob=1.0), dict(sigma=s), 0.3, 0.51) for s in (0.1, 0.3, 0.5, 1.0, 1.55, 2.0)),
    (FastSolarize(thr=128, prob=1.0), dict(threshold=128), 0.001, 0.01),
]


@pytest.mark.parametrize('transform, draws, mean, largest', OPERATIONS, ids=lambda value: str(value)[:40])
def test_each_operation_is_that_of_the_transform(transform, draws, mean, largest):
    images = [picture(seed) for seed in range(4)]
    ours = on_device(images, [draws_of(**draws)] * 4)
    theirs = np.stack([transform(dict(img=image))['img'] for image in images])
    assert difference(ours, theirs).mean() <= mean and difference(ours, theirs).max() <= largest
    assert abs(ours.mean() - theirs.mean()) < 0.25
    assert difference(ours, np.stack(images)).max() > 0.5 or draws == dict(sigma=0.1)


def test_every_order_is_that_of_the_transform(monkeypatch):
    orders, amounts = list(permutations(range(4))), (1.35, 0.7, 1.2, 0.08)
    transform = FastColorJitter(0.4, 0.4, 0.2, 0.1)
    theirs = []
    for order in orders:
        monkeypatch.setattr(transform, '_rand_params', lambda order=order: (order, *amounts), raising=False)
        theirs.append(transform(dict(img=picture()))['img'])
    ours = on_device([picture()] * 24, [draws_of(order, *amounts) for order in orders])
    # Each order is closer to itself than to any other: they are not all alike.
    apart = np.array([[difference(one, other).mean() for other in theirs] for one in ours])
    assert np.diag(apart).max() < 1.3 and (apart.argmin(1) == range(24)).all()


def test_draws_that_change_nothing_change_nothing():
    images = [picture(seed) for seed in range(3)]
    assert difference(on_device(images, [NOTHING] * 3), np.stack(images)).max() < 1e-3


def test_an_image_is_changed_by_its_own_draws_alone():
    images = [picture(seed) for seed in range(4)]
    draws = [
        draws_of((3, 1, 0, 2), 1.3, 0.8, 1.1, 0.05),
        draws_of(sigma=2.0),
        draws_of((2, 0, 1, 3), 0.7, 1.2, 0.9, -0.1, colour=0.0, threshold=128.0),
        NOTHING,
    ]
    together = on_device(images, draws)
    for image, draw, result in zip(images, draws, together):
        assert difference(on_device([image], [draw])[0], result).max() < 1e-3


JITTER = dict(
    type='RandomApply',
    transforms=[dict(type='FastColorJitter', brightness=0.4, contrast=0.4, saturation=0.2, hue=0.1)],
    prob=0.8,
)
PIPELINES = dict(
    jitter=[JITTER],
    grey=[dict(type='RandomApply', transforms=[dict(type='FastColorJitter', saturation=(0, 0))], prob=0.2)],
    blur=[dict(type='FastGaussianBlur', magnitude_range=(0.1, 2.0), magnitude_std='inf', prob=0.5)],
    solarize=[dict(type='FastSolarize', thr=128, prob=0.2)],
)
PIPELINES['all'] = [transform for pipeline in PIPELINES.values() for transform in pipeline]


@pytest.mark.parametrize('name', PIPELINES)
def test_many_draws_have_the_moments_of_the_transforms(name):
    """The same stream of random numbers gives the same draws, over 200 images one after the other."""
    init_default_scope('mmpretrain')
    images = [picture(seed) for seed in range(200)]
    transforms = [TRANSFORMS.build(transform) for transform in PIPELINES[name]]
    results, states = [], []
    for pipeline in (transforms, [PhotometricDraws(transforms)]):
        np.random.seed(1)
        samples = [dict(img=image) for image in images]
        for sample in samples:
            for transform in pipeline:
                sample.update(transform(sample))
        results.append(samples)
        states.append(np.random.random(3))
    np.testing.assert_array_equal(*states)
    theirs = np.stack([sample['img'] for sample in results[0]]).astype(float)
    ours = on_device(images, [sample['photometric'] for sample in results[1]])
    np.testing.assert_array_equal(np.stack([sample['img'] for sample in results[1]]), np.stack(images))
    axes = (1, 2)
    for moment in (
        np.mean,
        np.std,
    ):  # of each channel of an image: the same, and spread in the same way over the images
        one, other = moment(ours, axis=axes), moment(theirs, axis=axes)
        assert np.abs(one - other).max() < 3
        np.testing.assert_allclose(one.mean(0), other.mean(0), atol=0.3)
        np.testing.assert_allclose(one.std(0), other.std(0), atol=0.3)
    grey = [(np.ptp(result, axis=3).max((1, 2)) < 0.01).mean() for result in (ours, theirs)]
    assert grey[0] == grey[1] and (grey[0] > 0.1) == (name in ('grey', 'all'))
    assert difference(ours, theirs).mean() < 0.8


def test_pixels_stay_in_full_precision_under_autocast():
    images = torch.from_numpy(np.stack([picture(0), picture(1)])).permute(0, 3, 1, 2)
    draws = torch.tensor([draws_of((1, 3, 0, 2), 1.3, 0.8, 1.1, 0.05, sigma=1.0)] * 2).reshape(2, 1, 11)
    batch = dict(inputs=[images], data_samples=None, photometric=draws)
    preprocessor = ViewPreprocessor(mean=[133.0, 103.0, 88.0], std=[64.0, 55.0, 52.0], to_rgb=True)
    exact = preprocessor(batch, training=True)['inputs'][0]
    with torch.autocast('cpu', dtype=torch.bfloat16):
        inside = preprocessor(batch, training=True)['inputs'][0]
    assert inside.dtype == torch.float32 and torch.equal(exact, inside)
    assert exact.shape == images.shape and exact.abs().max() < 4


def test_views_of_two_sizes_are_refused_in_one_line():
    views = [torch.zeros(2, 3, 8, 8), torch.zeros(2, 3, 6, 6)]
    with pytest.raises(ValueError, match='views of one size, got 8 x 8, 6 x 6|got 6 x 6, 8 x 8'):
        ViewPreprocessor()(dict(inputs=views, data_samples=None, photometric=torch.tensor([[NOTHING] * 2] * 2)))
