"""FastColorJitter changes colours as torchvision does."""

import colorsys

import numpy as np
import pytest
import torchvision.transforms.functional as F
from PIL import Image

from fra_plugin.datasets import FastColorJitter


def picture(seed=0):
    """BGR noise on a gradient: every hue, and values at both ends."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:32, :40]
    image = np.stack([x * 6, y * 8, 255 - x * 3], -1) + rng.integers(-60, 60, (32, 40, 3))
    return image.clip(0, 255).astype(np.uint8)


def jitter(image, **amounts):
    return FastColorJitter(**amounts)(dict(img=image))['img']


def torchvision(function, image, amount):
    return np.asarray(function(Image.fromarray(image[..., ::-1]), amount))[..., ::-1]


@pytest.mark.parametrize(
    'name, function, amounts, largest',
    [
        ('brightness', F.adjust_brightness, (0.0, 0.6, 0.97, 1.4, 3.0), 0),
        ('contrast', F.adjust_contrast, (0.0, 0.6, 0.97, 1.4, 3.0), 0),
        ('saturation', F.adjust_saturation, (0.0, 0.8, 0.97, 1.2, 3.0), 3),
    ],
)
def test_each_step_is_torchvisions(name, function, amounts, largest):
    image = picture()
    for amount in amounts:
        changed = jitter(image, **{name: (amount, amount)})
        assert np.abs(changed.astype(int) - torchvision(function, image, amount)).max() <= largest
        assert not np.array_equal(changed, image)


def turned(pixel, shift):
    """The hue of one BGR pixel shifted in floating point."""
    blue, green, red = pixel / 255
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    return np.array(colorsys.hsv_to_rgb((hue + shift) % 1, saturation, value))[::-1] * 255


@pytest.mark.parametrize('shift', [-0.5, -0.1, -0.03, 0.03, 0.1, 0.5])
def test_hue_is_a_turn_of_the_colour_circle(shift):
    image = picture()
    ours = jitter(image, hue=(shift, shift)).astype(float)
    exact = np.apply_along_axis(turned, 2, image, shift)
    theirs = torchvision(F.adjust_hue, image, shift)
    assert np.abs(ours - exact).mean() < 1 and np.abs(ours - exact).max() < 12  # hue has 8 bits
    assert np.abs(ours - theirs).mean() < 3  # torchvision's own error is 1 to 2: it cuts off the shift's fraction
    assert np.abs(ours - image).mean() > 5


def test_red_turned_by_a_third_is_green():
    red = np.full((2, 2, 3), (0, 0, 255), np.uint8)
    assert np.abs(jitter(red, hue=(1 / 3, 1 / 3)).astype(int) - (0, 255, 0)).max() <= 3


def test_no_saturation_is_grey():
    grey = jitter(picture(), saturation=(0, 0))
    assert (grey == grey[..., :1]).all()
    expected = picture() @ np.array([0.114, 0.587, 0.299])
    assert np.abs(grey[..., 0] - expected).max() <= 1


def test_the_order_is_random_and_the_range_is_kept():
    image = picture()
    np.random.seed(0)
    results = [jitter(image, brightness=0.4, contrast=(1.5, 1.5)) for _ in range(20)]
    assert len({result.tobytes() for result in results}) == 20
    np.random.seed(0)
    repeated = [jitter(image, brightness=0.4, contrast=(1.5, 1.5)) for _ in range(20)]
    np.testing.assert_array_equal(results, repeated)
    transform = FastColorJitter(0.4, 0.4, 0.2, 0.1)
    assert len({tuple(transform._rand_params()[0]) for _ in range(200)}) == 24


def test_the_input_stays_as_it_is_and_the_output_is_contiguous():
    image = picture()
    result = jitter(image, brightness=0.4, contrast=0.4, saturation=0.2, hue=0.1)
    np.testing.assert_array_equal(image, picture())
    assert result.flags.c_contiguous and result.dtype == np.uint8


def test_nothing_asked_for_changes_nothing():
    np.testing.assert_array_equal(jitter(picture()), picture())
