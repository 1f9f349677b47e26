"""Region overlays: the right colour at the right place, stable, and told apart by colour-blind eyes."""

import numpy as np
import pytest
import torch

from fra_plugin.reports.visualization import contact_sheet, draw_regions, region_colors, region_legend


def halves(height, width):
    """Region 0 on the left half, region 1 on the right."""
    masks = torch.zeros(2, height, width)
    masks[0, :, : width // 2] = 1
    masks[1, :, width // 2 :] = 1
    return masks


def test_each_side_of_the_face_has_the_colour_of_its_region():
    image = np.full((40, 60, 3), 100, np.uint8)
    overlay = draw_regions(image, halves(4, 6), opacity=0.5)
    colors = region_colors(2).astype(float)
    np.testing.assert_allclose(overlay[20, 3], (100 + colors[0]) / 2, atol=0.51)
    np.testing.assert_allclose(overlay[20, 56], (100 + colors[1]) / 2, atol=0.51)


def test_opacity_zero_leaves_the_image():
    image = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    np.testing.assert_array_equal(draw_regions(image, halves(4, 4), opacity=0), image)


def test_numpy_half_precision_and_grey_images_are_drawn_alike():
    grey = np.random.default_rng(0).integers(0, 256, (20, 20), np.uint8)
    masks = torch.rand(5, 7, 7)
    expected = draw_regions(np.stack([grey] * 3, axis=2), masks.half().float())
    np.testing.assert_array_equal(draw_regions(grey, masks.half()), expected)
    np.testing.assert_array_equal(draw_regions(grey, masks.half().numpy()), expected)


def test_a_region_keeps_its_colour_however_many_there_are():
    np.testing.assert_array_equal(region_colors(3), region_colors(32)[:3])


def test_a_permutation_of_regions_permutes_the_colours():
    masks = torch.rand(4, 5, 5)
    image = np.zeros((30, 30, 3), np.uint8)
    order = [2, 0, 3, 1]
    first, second = draw_regions(image, masks, opacity=1), draw_regions(image, masks[order], opacity=1)
    for new, old in enumerate(order):
        np.testing.assert_array_equal((first == region_colors(4)[old]).all(2), (second == region_colors(4)[new]).all(2))


def test_colours_differ_for_normal_and_colour_blind_eyes():
    color = pytest.importorskip('skimage.color')
    # Machado et al., 2009, severity 1.0, on linear RGB
    eyes = dict(
        normal=np.eye(3),
        protanopia=[[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        deuteranopia=[[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    )
    rgb = region_colors(32)[:, ::-1] / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    for matrix in eyes.values():
        seen = (linear @ np.array(matrix).T).clip(0, 1)
        seen = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
        lab = color.rgb2lab(seen[None])[0]
        distance = color.deltaE_ciede2000(lab[:, None].repeat(32, 1), lab[None].repeat(32, 0))
        np.fill_diagonal(distance, np.inf)
        assert distance.min() > 5  # about 2 is just noticeable
        assert distance[:8, :8].min() > 10


def test_sheet_places_images_row_by_row():
    images = [np.full((10, 8, 3), value, np.uint8) for value in (10, 20, 30)]
    sheet = contact_sheet(images, columns=2, gap=2)
    assert sheet.shape == (22, 18, 3)
    assert (sheet[:10, :8] == 10).all() and (sheet[:10, 10:] == 20).all() and (sheet[12:, :8] == 30).all()
    assert (sheet[12:, 10:] == 255).all() and (sheet[10:12] == 255).all()


def test_sheet_takes_images_of_different_sizes_and_is_no_wider_than_needed():
    sheet = contact_sheet([np.zeros((4, 6, 3), np.uint8), np.zeros((8, 2, 3), np.uint8)], columns=5, gap=0)
    assert sheet.shape == (8, 8, 3)
    assert (sheet[:, 6:] == 0).all() and (sheet[:4, :6] == 0).all() and (sheet[4:, :6] == 255).all()


def test_legend_shows_the_colours():
    legend = region_legend(3, size=20)
    assert legend.shape == (20, 60, 3)
    np.testing.assert_array_equal(legend[0, ::20], region_colors(3))


@pytest.mark.parametrize(
    'call, message',
    [
        (lambda: region_colors(0), '1 to 32 regions, got 0'),
        (lambda: region_colors(33), '1 to 32 regions, got 33'),
        (lambda: draw_regions(np.zeros((8, 8, 3)), torch.rand(2, 4, 4)), 'uint8'),
        (lambda: draw_regions(np.zeros((8, 8, 4), np.uint8), torch.rand(2, 4, 4)), r'\(8, 8, 4\)'),
        (lambda: draw_regions(np.zeros((8, 8, 3), np.uint8), torch.rand(1, 2, 4, 4)), r'\(K, h, w\)'),
        (lambda: draw_regions(np.zeros((8, 8, 3), np.uint8), torch.rand(2, 4, 4), opacity=2), r'\[0, 1\], got 2'),
        (lambda: contact_sheet([], 2), 'at least one image'),
        (lambda: contact_sheet([np.zeros((2, 2, 3), np.uint8)], 0), 'one column'),
    ],
)
def test_wrong_input_is_refused_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()
