"""Region overlays: the right colour at the right place, stable, and told apart by colour-blind eyes."""

import numpy as np
import pytest
import torch
from torchvision.utils import draw_segmentation_masks

from fra_plugin.reports.visualization import (
    draw_regions,
    highlight_region,
    picture_rows,
    region_colors,
    region_legend,
    region_map,
    region_sheet,
)


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


def test_overlay_is_that_of_torchvision_up_to_rounding():
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    masks = torch.rand(6, 5, 5)
    winners = torch.from_numpy(region_map(masks, 40, 40)) == torch.arange(6)[:, None, None]
    theirs = draw_segmentation_masks(
        torch.from_numpy(image).permute(2, 0, 1), winners, 0.5, [tuple(color) for color in region_colors(6).tolist()]
    )
    theirs = theirs.permute(1, 2, 0).numpy().astype(int)
    regions = region_map(masks, 40, 40)
    inside = np.ones((40, 40), bool)  # where the region does not change, and we draw no border
    inside[:, :-1] &= regions[:, :-1] == regions[:, 1:]
    inside[:-1] &= regions[:-1] == regions[1:]
    assert inside.mean() > 0.5
    assert abs(draw_regions(image, masks, 0.5).astype(int) - theirs)[inside].max() <= 1


def test_sheet_places_each_face_above_its_regions_row_by_row():
    faces = [np.full((10, 200, 3), value, np.uint8) for value in (10, 20, 30)]
    masks = torch.zeros(3, 3, 2, 2)
    masks[range(3), range(3)] = 1  # region i has all of face i
    sheet = region_sheet(faces, masks, columns=2, opacity=1)
    assert sheet.shape == (4 + 2 * 24 + 24, 4 + 2 * 204, 3)  # two rows of pairs, and the legend
    for place, (top, left) in enumerate([(4, 4), (4, 208), (28, 4)]):
        assert (sheet[top : top + 10, left : left + 200] == 10 * (place + 1)).all()
        assert (sheet[top + 10 : top + 20, left : left + 200] == region_colors(3)[place]).all()
    assert (sheet[28:48, 208:] == 255).all() and (sheet[:4] == 255).all()
    np.testing.assert_array_equal(sheet[-24, :72:24], region_colors(3))


def test_sheet_of_one_small_face_is_as_wide_as_the_legend():
    sheet = region_sheet([np.zeros((4, 6, 3), np.uint8)], torch.rand(1, 2, 3, 3), columns=5)
    assert sheet.shape == (8 + 24, 48, 3)
    assert (sheet[:4, :6] == 0).all() and (sheet[:8, 6:] == 255).all()


def test_legend_shows_the_colours():
    legend = region_legend(3, size=20)
    assert legend.shape == (20, 60, 3)
    np.testing.assert_array_equal(legend[0, ::20], region_colors(3))


def test_legend_with_names_breaks_its_line_and_has_every_name_once():
    names = ['left eye 0.82', '', 'nose 1.00']
    wide, narrow = region_legend(3, names=names), region_legend(3, names=names, width=100)
    assert wide.shape[0] == 24 and narrow.shape == (3 * 24, wide.shape[1] // 3, 3)
    np.testing.assert_array_equal(wide, np.concatenate(np.split(narrow, 3), axis=1))
    inked = (narrow[:, 24:] < 255).any(axis=2).reshape(3, -1).any(axis=1)
    assert inked.tolist() == [True, False, True]
    np.testing.assert_array_equal(narrow[::24, 0], region_colors(3))
    faces = [np.zeros((40, 40, 3), np.uint8)]
    assert region_sheet(faces, torch.rand(1, 3, 4, 4), 1, names=names).shape == (80 + 3 * 24, narrow.shape[1], 3)


def test_a_highlighted_region_keeps_its_colours_and_the_rest_is_dark():
    image = np.random.default_rng(0).integers(0, 256, (20, 40, 3), np.uint8)
    for region, kept in ((0, slice(0, 19)), (1, slice(21, 40))):
        seen = highlight_region(image, halves(4, 8), region)
        np.testing.assert_array_equal(seen[:, kept], image[:, kept])
        np.testing.assert_array_equal(
            np.delete(seen, np.r_[kept, 19:21], axis=1), np.delete(image, np.r_[kept, 19:21], axis=1) // 3
        )


def test_rows_of_pictures_stand_below_their_titles():
    pictures = [np.full((10, 100, 3), value, np.uint8) for value in (10, 20, 30)]
    sheet = picture_rows([pictures, pictures[:1]], ['by the whole face', ''])
    assert sheet.shape == (2 * (24 + 10 + 4), 3 * 104, 3)
    for place, value in enumerate((10, 20, 30)):
        assert (sheet[24:34, 4 + 104 * place : 104 + 104 * place] == value).all()
    assert (sheet[:24] < 255).any() and (sheet[34:62] == 255).all() and (sheet[62:72, 4:104] == 10).all()


@pytest.mark.parametrize(
    'call, message',
    [
        (lambda: region_colors(0), '1 to 32 regions, got 0'),
        (lambda: region_colors(33), '1 to 32 regions, got 33'),
        (lambda: draw_regions(np.zeros((8, 8, 3)), torch.rand(2, 4, 4)), 'uint8'),
        (lambda: draw_regions(np.zeros((8, 8, 4), np.uint8), torch.rand(2, 4, 4)), r'\(8, 8, 4\)'),
        (lambda: draw_regions(np.zeros((8, 8, 3), np.uint8), torch.rand(1, 2, 4, 4)), r'\(K, h, w\)'),
        (lambda: draw_regions(np.zeros((8, 8, 3), np.uint8), torch.rand(2, 4, 4), opacity=2), r'\[0, 1\], got 2'),
        (lambda: region_legend(2, names=['nose']), 'the names of 2 regions, got 1'),
        (lambda: region_sheet([], torch.rand(0, 2, 4, 4), 2), 'at least one face'),
        (lambda: region_sheet([np.zeros((2, 2, 3), np.uint8)], torch.rand(1, 2, 4, 4), 0), 'one column'),
        (lambda: region_sheet([np.zeros((n, 2, 3), np.uint8) for n in (1, 2)], torch.rand(2, 2, 4, 4), 1), 'one size'),
    ],
)
def test_wrong_input_is_refused_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()
