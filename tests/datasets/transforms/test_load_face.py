"""LoadFace: BGR uint8 whatever the file is, and one exception for what is no image."""

import contextlib
import os
import pickle
from io import BytesIO

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import EpsImagePlugin, Image, ImageOps

from fra_plugin.apis import read_face
from fra_plugin.datasets import BrokenImageError, LoadFace
from fra_plugin.datasets.landmarks.landmark_json import image_size

ORIENTATION = 0x0112


def load(path, **sample):
    return LoadFace()(dict(img_path=str(path), **sample))


def smooth(height=24, width=40):
    """A picture that JPEG hardly changes and that is different in all four corners."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)], -1).astype(np.uint8)


def saved(path, image, **options):
    image.save(path, **options)
    return path


def bgr(image):
    return np.asarray(image.convert('RGB'))[..., ::-1]


@pytest.mark.parametrize('mode', ['RGB', 'L'])
@pytest.mark.parametrize('progressive', [False, True])
def test_jpeg_is_decoded_as_pillow_does(tmp_path, mode, progressive):
    path = saved(tmp_path / 'a.jpg', Image.fromarray(smooth()).convert(mode), progressive=progressive)
    results = load(path)
    assert results['img'].dtype == np.uint8 and results['img'].flags.c_contiguous
    assert results['img_shape'] == results['ori_shape'] == (24, 40)
    np.testing.assert_array_equal(results['img'], bgr(Image.open(path)))


@pytest.mark.parametrize(
    'name, image, expected',
    [
        ('bilevel.png', Image.new('1', (4, 3), 1), (255, 255, 255)),
        ('grey.png', Image.new('L', (4, 3), 77), (77, 77, 77)),
        ('colour.bmp', Image.new('RGB', (4, 3), (10, 20, 30)), (10, 20, 30)),
        ('palette.gif', Image.new('RGB', (4, 3), (10, 20, 30)).quantize(4), (10, 20, 30)),
        ('palette.png', Image.new('RGB', (4, 3), (10, 20, 30)).quantize(4), (10, 20, 30)),
        ('opaque.png', Image.new('RGBA', (4, 3), (10, 20, 30, 255)), (10, 20, 30)),
        ('transparent.png', Image.new('RGBA', (4, 3), (10, 20, 30, 0)), (128, 128, 128)),
        ('half.png', Image.new('RGBA', (4, 3), (0, 0, 255, 128)), (64, 64, 192)),  # (c * 128 + 128 * 127) / 255
        ('grey_alpha.png', Image.new('LA', (4, 3), (200, 0)), (128, 128, 128)),
        ('cmyk.tif', Image.new('CMYK', (4, 3), (0, 255, 255, 0)), (255, 0, 0)),
        ('black.tif', Image.new('CMYK', (4, 3), (0, 0, 0, 255)), (0, 0, 0)),
        ('grey16.png', Image.fromarray(np.full((3, 4), 0x80FF, np.uint16)), (128, 128, 128)),
        ('grey16.tif', Image.fromarray(np.full((3, 4), 0x80FF, np.uint16)), (128, 128, 128)),
    ],
)
def test_every_pixel_format_becomes_bgr(tmp_path, name, image, expected):
    image = load(saved(tmp_path / name, image))['img']
    assert image.shape == (3, 4, 3) and image.dtype == np.uint8
    assert np.abs(image[..., ::-1].astype(int) - expected).max() <= 1


def test_colour_of_16_bits_keeps_the_upper_8(tmp_path):
    path = str(tmp_path / 'colour16.png')
    cv2.imwrite(path, np.full((3, 4, 3), (0x1234, 0x80FF, 0xFEDC), np.uint16))
    assert (load(path)['img'] == (0x12, 0x80, 0xFE)).all()


def test_a_transparent_palette_colour_becomes_grey(tmp_path):
    image = Image.new('P', (4, 3), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    assert (load(saved(tmp_path / 'p.png', image, transparency=1))['img'] == 128).all()


def test_a_cmyk_jpeg_is_read_as_pillow_does(tmp_path):
    path = saved(tmp_path / 'cmyk.jpg', Image.fromarray(smooth()).convert('CMYK'))
    assert Image.open(path).mode == 'CMYK'
    np.testing.assert_array_equal(load(path)['img'], bgr(Image.open(path)))
    assert np.abs(load(path)['img'].astype(int) - smooth()[..., ::-1]).mean() < 8


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize(
    'name, mode',
    [('a.jpg', 'RGB'), ('a.jpg', 'L'), ('a.png', 'RGB'), ('a.png', 'RGBA'), ('a.tif', 'RGB'), ('a.webp', 'RGB')],
)
def test_exif_orientation_is_applied(tmp_path, name, mode, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = saved(tmp_path / name, Image.fromarray(smooth()).convert(mode), exif=exif)
    expected = bgr(ImageOps.exif_transpose(Image.open(path)))
    assert expected.shape == ((24, 40, 3) if orientation < 5 else (40, 24, 3))
    np.testing.assert_array_equal(load(path)['img'], expected)


@pytest.mark.parametrize('orientation', range(1, 9))
def test_exif_orientation_of_16_bits(tmp_path, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    values = np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000
    path = saved(tmp_path / 'a.png', Image.fromarray(values), exif=exif)
    upright = ImageOps.exif_transpose(Image.fromarray((values >> 8).astype(np.uint8)).convert('RGB'))
    eight = saved(tmp_path / 'b.png', upright, exif=exif)
    np.testing.assert_array_equal(load(path)['img'], load(eight)['img'])


def test_a_damaged_exif_block_does_not_cost_the_image(tmp_path):
    path = saved(tmp_path / 'a.jpg', Image.fromarray(smooth()), exif=b'Exif\0\0II*\0\xff\xff\xff\xff')
    np.testing.assert_array_equal(load(path)['img'], bgr(Image.open(path)))


@pytest.mark.parametrize('name, options', [('a.jpg', {}), ('a.jpg', dict(progressive=True)), ('a.png', {})])
@pytest.mark.parametrize('share', [0.01, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_file_is_broken(tmp_path, name, options, share):
    noise = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
    path = saved(tmp_path / name, Image.fromarray(noise), **options)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(BrokenImageError, match=str(path)):
        load(path)


def test_bytes_behind_a_jpeg_do_no_harm(tmp_path):
    path = saved(tmp_path / 'a.jpg', Image.fromarray(smooth()))
    expected = load(path)['img']
    path.write_bytes(path.read_bytes() + b'\0\0trailer')
    np.testing.assert_array_equal(load(path)['img'], expected)


@pytest.mark.parametrize('data', [b'', b'<html>404</html>', b'\xff\xd8\xff\xd9', b'\0' * 5000])
def test_what_is_no_image_is_broken(tmp_path, data):
    path = tmp_path / 'a.jpg'
    path.write_bytes(data)
    with pytest.raises(BrokenImageError, match='a.jpg') as error:
        load(path)
    assert error.value.path == str(path) and error.value.reason
    assert '\n' not in str(error.value) and '0x' not in str(error.value)


@pytest.mark.parametrize(
    'values, reason',
    [(np.full((3, 4), 0.5, np.float32), 'floating-point'), (np.full((3, 4), 70000, np.int32), '70000')],
)
def test_pixels_of_unknown_range_are_broken(tmp_path, values, reason):
    path = saved(tmp_path / 'a.tif', Image.fromarray(values))
    with pytest.raises(BrokenImageError, match=reason):
        load(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(['JPEG', 'PNG', 'GIF', 'BMP', 'WEBP', 'TIFF']),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_damaged_bytes_give_an_image_or_the_documented_error(tmp_path, kind, damage):
    buffer = BytesIO()
    Image.fromarray(smooth()).save(buffer, kind)
    data = bytearray(buffer.getvalue())
    for share, value in damage:
        data[int(share * len(data))] = value
    path = tmp_path / 'a.img'
    path.write_bytes(bytes(data))
    try:
        image = load(path)['img']
    except BrokenImageError:
        return
    assert image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8


def test_the_face_box_is_cut_out_and_clipped(tmp_path):
    path = saved(tmp_path / 'a.png', Image.fromarray(smooth()))
    whole = load(path)['img']
    results = load(path, bbox=(5, 2, 15, 10))
    assert 'bbox' not in results and results['img_shape'] == (8, 10)
    np.testing.assert_array_equal(results['img'], whole[2:10, 5:15])
    np.testing.assert_array_equal(load(path, bbox=(-9.5, -3, 7.2, 99))['img'], whole[:, :8])


@pytest.mark.parametrize('bbox', [(50, 2, 60, 10), (-9, 2, -1, 10), (5, 9, 5, 9)])
def test_a_box_outside_the_image_is_broken(tmp_path, bbox):
    path = saved(tmp_path / 'a.png', Image.fromarray(smooth()))
    with pytest.raises(BrokenImageError, match='outside the image of 40 x 24 pixels'):
        load(path, bbox=bbox)


def test_the_box_counts_in_the_upright_image(tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    path = saved(tmp_path / 'a.jpg', Image.fromarray(smooth()), exif=exif)
    np.testing.assert_array_equal(load(path, bbox=(0, 30, 24, 40))['img'], load(path)['img'][30:40])


@pytest.mark.parametrize(
    'size, shape',
    [
        ((80, 100), (100, 80)),
        ((79, 100), (100, 79)),
        ((160, 200), (50, 40)),
        ((33, 999), (999, 33)),
        ((1280, 400), (50, 160)),
    ],
)
@pytest.mark.parametrize('orientation', [1, 6])
def test_a_large_jpeg_is_reduced_but_not_below_the_limit(tmp_path, size, shape, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = saved(tmp_path / 'a.jpg', Image.fromarray(smooth(size[1], size[0])), exif=exif)
    reduced = LoadFace(reduce_to=40 if size[0] > 100 else 41)(dict(img_path=str(path)))['img']
    assert reduced.shape[:2] == (shape if orientation == 1 else shape[::-1])
    full = load(path)['img']
    assert np.abs(cv2.resize(full, reduced.shape[1::-1], interpolation=cv2.INTER_AREA).astype(int) - reduced).max() < 6


def test_a_reduced_image_has_its_box_reduced(tmp_path):
    path = saved(tmp_path / 'a.jpg', Image.fromarray(smooth(240, 400)))
    face = LoadFace(reduce_to=20)(dict(img_path=str(path), bbox=(100, 80, 200, 160)))['img']
    assert face.shape[:2] == (20, 25)
    expected = cv2.resize(load(path)['img'][80:160, 100:200], (25, 20), interpolation=cv2.INTER_AREA)
    assert np.abs(face.astype(int) - expected).max() < 6


@pytest.mark.parametrize('reduce_to', [0, -5, 2.5, 'x'])
def test_reduce_to_is_checked(reduce_to):
    with pytest.raises(ValueError, match='reduce_to'):
        LoadFace(reduce_to=reduce_to)


def test_pixels_without_a_path_are_left_as_they_are():
    sample = dict(img=smooth(), img_shape=(24, 40))
    assert LoadFace()(sample) is sample and sample.keys() == {'img', 'img_shape'}


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.jpg'):
        load(tmp_path / 'none.jpg')


def test_the_exception_survives_pickling():
    error = pickle.loads(pickle.dumps(BrokenImageError('a/b.jpg', 'truncated')))
    assert (str(error), error.path, error.reason) == ('a/b.jpg: truncated', 'a/b.jpg', 'truncated')


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """The file into which a Ghostscript would write that it was run."""
    (tmp_path / 'bin').mkdir()
    (tmp_path / 'bin' / 'gs').write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/programs\n')
    (tmp_path / 'bin' / 'gs').chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path}/bin:{os.environ["PATH"]}')
    monkeypatch.setattr(EpsImagePlugin, 'gs_binary', None)
    return tmp_path / 'programs'


POSTSCRIPT = b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 50 50\n%%EndComments\nshowpage\n%%EOF\n'


@pytest.mark.parametrize('head', [b'', b'\xc5\xd0\xd3\xc6' + (30).to_bytes(4, 'little') + b'\0' * 22])
def test_no_program_is_run_on_a_file_from_a_stranger(tmp_path, programs, head):
    path = tmp_path / 'a.jpg'
    path.write_bytes(head + POSTSCRIPT)
    with contextlib.suppress(Exception):
        Image.open(path).load()
    assert programs.exists(), 'Pillow itself runs it'
    programs.unlink()
    with pytest.raises(BrokenImageError, match='a.jpg: not an image of the formats JPEG, PNG'):
        load(path)
    with pytest.raises(ValueError, match='a.jpg'):
        read_face(path)
    with pytest.raises(ValueError, match='expected an image'):
        image_size(str(path))
    assert not programs.exists()
