"""FastRandomResizedCrop draws and resizes as torchvision's RandomResizedCrop does."""

import numpy as np
import pytest
import torchvision.transforms.functional as F
from PIL import Image
from scipy.ndimage import gaussian_filter

from fra_plugin.datasets import FastRandomResizedCrop


def crop(image, scale, **arguments):
    return FastRandomResizedCrop(scale, **arguments)(dict(img=image))['img']


def smooth_noise(height, width):
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(float)
    noise = gaussian_filter(noise, (3, 3, 0))
    return ((noise - noise.min()) / np.ptp(noise) * 255).astype(np.uint8)


@pytest.mark.parametrize(
    'size, scale, largest',
    [((40, 30), 64, 2), ((200, 150), 32, 1), ((300, 40), 64, 1), ((41, 97), 64, 1), ((100, 100), 100, 0)],
)
def test_the_whole_image_is_resized_as_torchvision_does(size, scale, largest):
    image = smooth_noise(*size)
    ratio = size[1] / size[0]
    ours = crop(image, scale, crop_ratio_range=(1.0, 1.0), aspect_ratio_range=(ratio, ratio))
    theirs = np.asarray(F.resize(Image.fromarray(image), [scale, scale]))
    assert np.abs(ours.astype(int) - theirs).max() <= largest
    assert ours.flags.c_contiguous and ours.flags.writeable


def test_a_fine_pattern_becomes_grey_instead_of_stripes():
    """Bilinear interpolation of a 5 times smaller image would look at 4 of 25 pixels."""
    stripes = np.zeros((100, 100, 3), np.uint8)
    stripes[:, ::2] = 255
    small = crop(stripes, 20, crop_ratio_range=(1.0, 1.0), aspect_ratio_range=(1.0, 1.0))
    assert small.min() >= 100 and small.max() <= 155


def test_the_part_lies_in_the_asked_for_ranges():
    """Coordinates as colours: the corners of the result tell which part it shows."""
    y, x = np.mgrid[:200, :250]
    image = np.stack([x, y, x * 0], -1).astype(np.uint8)
    np.random.seed(0)
    areas, ratios, centres = [], [], []
    for _ in range(400):
        part = crop(image, (60, 80), crop_ratio_range=(0.2, 1.0)).astype(int)
        assert part.shape == (60, 80, 3)
        left, right = part[30, 0, 0], part[30, -1, 0]
        top, bottom = part[0, 40, 1], part[-1, 40, 1]
        width, height = right - left + 1, bottom - top + 1
        areas.append(width * height / image[..., 0].size)
        ratios.append(width / height)
        centres.append(((left + right) / 2 / 250, (top + bottom) / 2 / 200))
    assert 0.19 < min(areas) < 0.23 and 0.85 < max(areas) <= 1.0
    assert 0.74 < min(ratios) < 0.8 and 1.25 < max(ratios) < 1.36
    assert np.abs(np.mean(centres, 0) - 0.5).max() < 0.03
