"""FaceCrop: the square that it cuts, where landmarks go, the template of aligned faces, and what it refuses."""

import cv2
import numpy as np
import pytest
from mmpretrain.registry import TRANSFORMS

from fra_plugin.datasets import FaceCrop
from fra_plugin.datasets.transforms.face_crop import POINTS_112, Square

RAMP = np.stack(np.meshgrid(np.arange(200), np.arange(160)), axis=2).astype(np.uint8)
PHOTO = np.dstack([RAMP, np.zeros((160, 200), np.uint8)])  # channel 0 is x, channel 1 is y


def places(crop, square):
    """Where in the photo each pixel of the crop lies, by the matrix."""
    inverse = cv2.invertAffineTransform(crop.matrix(square))
    y, x = np.mgrid[: crop.size, : crop.size]
    return np.stack([x, y], axis=2) @ inverse[:, :2].T + inverse[:, 2]


def test_the_square_is_the_longer_side_of_the_box_and_its_margin():
    assert FaceCrop(64, 0.0).square((40, 30, 80, 110)) == Square(60, 70, 80, 0)
    assert FaceCrop(64, 0.25).square((40, 30, 80, 110)) == Square(60, 70, 100, 0)
    assert FaceCrop(64, -0.1).square((40, 30, 80, 110)).side == pytest.approx(72)


def test_a_square_of_the_size_of_the_crop_is_cut_out_unchanged():
    np.testing.assert_array_equal(FaceCrop(64, 0.0).cut(PHOTO, (40, 30, 104, 94)), PHOTO[30:94, 40:104])


@pytest.mark.parametrize('size', [32, 64, 100])
@pytest.mark.parametrize('angle', [0, 30, -100])
def test_each_pixel_shows_what_the_matrix_says(size, angle):
    crop, square = FaceCrop(size), Square(100, 80, 64, angle)
    cut = crop.warp(PHOTO, square).astype(float)
    np.testing.assert_allclose(cut[..., :2], places(crop, square), atol=0.6)


def test_a_large_face_is_averaged_not_picked():
    noise = np.random.default_rng(0).integers(0, 256, (640, 640, 3)).astype(np.uint8)
    for angle in (0, 45):
        cut = FaceCrop(40, 0.0).warp(noise, Square(320, 320, 400, angle)).astype(float)
        assert cut.std() < noise.std() / 5  # 10 x 10 pixels of noise become one


def test_the_angle_is_clockwise():
    crop = FaceCrop(50, 0.0)
    photo = np.zeros((100, 100, 3), np.uint8)
    photo[50, 50:90] = 255  # to the right of the centre
    turned = crop.warp(photo, Square(50.5, 50.5, 90, 90)).sum(axis=2)
    assert turned[:24].sum() > 100 and turned[26:].sum() == 0  # a head tilted clockwise comes upright: right becomes up


@pytest.mark.parametrize('size', [112, 224, 96])
@pytest.mark.parametrize('margin', [0.0, 0.4])
def test_aligned_points_come_to_their_places(size, margin):
    crop = FaceCrop(size, margin, 'similarity')
    angle, scale = np.radians(25), 0.7
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = (np.array(POINTS_112) - 56) @ turn.T + (90, 70)
    square = crop.square((0, 0, 1, 1), points)
    matrix = crop.matrix(square)
    np.testing.assert_allclose(points @ matrix[:, :2].T + matrix[:, 2], crop.points(), atol=1e-9)
    assert square.angle == pytest.approx(25) and square.side == pytest.approx(112 * 0.7 * (1 + margin))


def test_the_template_is_arcfaces_at_112_and_twice_that_at_224():
    np.testing.assert_allclose(FaceCrop(112, 0.0).points(), POINTS_112)
    np.testing.assert_allclose(FaceCrop(224, 0.0).points(), np.array(POINTS_112) * 2)


def test_the_alignment_is_the_one_of_least_squares():
    SimilarityTransform = pytest.importorskip('skimage.transform').SimilarityTransform

    crop = FaceCrop(112, 0.0, 'similarity')
    points = np.array(POINTS_112) + np.random.default_rng(0).normal(0, 3, (5, 2))
    if hasattr(SimilarityTransform, 'from_estimate'):
        theirs = SimilarityTransform.from_estimate(points, crop.points())
    else:
        theirs = SimilarityTransform()
        theirs.estimate(points, crop.points())
    np.testing.assert_allclose(crop.matrix(crop.square((0, 0, 1, 1), points)), theirs.params[:2], atol=1e-9)


def test_beyond_the_border_the_last_pixels_are_repeated():
    cut = FaceCrop(40, 0.0).cut(PHOTO, (-20, -20, 20, 20))
    assert (cut[:20, :20] == PHOTO[0, 0]).all()
    np.testing.assert_array_equal(cut[20:, 20:], PHOTO[:20, :20])


def test_in_a_pipeline_it_does_what_resize_did():
    image = np.random.default_rng(0).integers(0, 256, (50, 70, 3)).astype(np.uint8)
    resize = TRANSFORMS.build(dict(type='Resize', scale=(32, 32)))
    crop = TRANSFORMS.build(dict(type='FaceCrop', size=32, margin=0.1, align='similarity'))
    got, expected = crop(dict(img=image)), resize(dict(img=image))
    np.testing.assert_array_equal(got['img'], expected['img'])
    assert got['img_shape'] == (32, 32)
    assert FaceCrop(**crop.settings()).settings() == dict(size=32, margin=0.1, align='similarity')


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(size=0), 'from 1 to 16,384 pixels, got 0'),
        (dict(size=16385), 'from 1 to 16,384 pixels, got 16385'),
        (dict(size=True), 'got True'),
        (dict(size=9.5), 'got 9.5'),
        (dict(margin=-1), 'above -1, got -1'),
        (dict(margin=float('nan')), 'got nan'),
        (dict(margin=float('inf')), 'got inf'),
        (dict(margin='0.3'), "got '0.3'"),
        (dict(align='affine'), "none, similarity, got 'affine'"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        FaceCrop(**settings)


def test_what_cannot_be_cut_is_refused():
    aligned = FaceCrop(32, 0.0, 'similarity')
    with pytest.raises(ValueError, match='needs the five points'):
        aligned.cut(PHOTO, (0, 0, 9, 9))
    with pytest.raises(ValueError, match='all in one place'):
        aligned.cut(PHOTO, (0, 0, 9, 9), np.ones((5, 2)))
    with pytest.raises(ValueError, match=r'outside the photo of 200 x 160'):
        FaceCrop(32, 0.0).cut(PHOTO, (500, 500, 540, 540))


@pytest.mark.parametrize(
    'box', [(float('nan'), 0, 9, 9), (0, 0, float('inf'), 9), (9, 9, 0, 0), (0, 9, 9, 0), (0, 0, 9), (5, 5, 5, 5)]
)
def test_a_box_that_is_none_is_named(box):
    with pytest.raises(ValueError, match='face box'):
        FaceCrop(32, 0.0).cut(PHOTO, box)
