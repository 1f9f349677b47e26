"""FastGaussianBlur is a Gaussian with the asked-for standard deviation."""

import numpy as np
import pytest
from PIL import Image, ImageFilter
from scipy.ndimage import gaussian_filter

from fra_plugin.datasets import FastGaussianBlur


def blur(image, **arguments):
    return FastGaussianBlur(**arguments)(dict(img=image))['img']


@pytest.mark.parametrize('sigma', [0.5, 1.0, 2.0])
def test_equals_a_gaussian_and_nearly_pillows(sigma):
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    blurred = blur(image, radius=sigma, prob=1.0).astype(float)
    exact = gaussian_filter(image.astype(float), (sigma, sigma, 0), mode='nearest', truncate=3.0)
    assert np.abs(blurred - exact).max() < 0.51
    pillow = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(sigma)), float)
    assert np.abs(blurred - pillow).mean() < 2.5


def test_a_tiny_sigma_changes_nothing():
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    np.testing.assert_array_equal(blur(image, radius=0.1, prob=1.0), image)


def test_sigma_is_drawn_uniformly_and_the_probability_is_kept():
    np.random.seed(0)
    transform = FastGaussianBlur(magnitude_range=(0.1, 2.0), magnitude_std='inf', prob=0.1)
    sigmas = np.array([transform.random_magnitude() for _ in range(4000)])
    assert sigmas.min() >= 0.1 and sigmas.max() <= 2.0
    assert np.allclose(np.quantile(sigmas, (0.25, 0.5, 0.75)), (0.575, 1.05, 1.525), atol=0.05)
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    changed = sum(not np.array_equal(blur(image, radius=1.0, prob=0.1), image) for _ in range(2000))
    assert 150 < changed < 250
    assert np.array_equal(blur(image, radius=1.0, prob=0.0), image)
