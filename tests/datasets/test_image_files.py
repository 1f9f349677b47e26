"""Image files: one rule for names, and only the formats that it names are opened."""

import io

import pytest
from PIL import Image, UnidentifiedImageError

from fra_plugin.datasets.image_files import (
    EXTENSIONS,
    FORMATS,
    FORMATS_BY_EXTENSION,
    HIDDEN,
    OTHER,
    SYSTEM,
    LeftOut,
    is_image_name,
    is_user_folder,
    open_image,
)


@pytest.mark.parametrize('name', ['a.jpg', 'A.JPEG', 'b.c.WebP', 'x.tiff', 'x.gif', 'ß.pgm', '\udcff.png'])
def test_an_image_is_known_by_its_ending(name):
    assert is_image_name(name)


@pytest.mark.parametrize('name', ['a.txt', 'jpg', '.jpg', '._a.jpg', '.hidden.png', 'a.jpg.part', 'Thumbs.db', ''])
def test_other_and_hidden_files_are_no_images(name):
    assert not is_image_name(name)


@pytest.mark.parametrize('name', ['.git', '@eaDir', 'lost+found', '__MACOSX', '$RECYCLE.BIN', '._x'])
def test_hidden_folders_and_those_of_the_system_are_left_out(name):
    assert not is_user_folder(name)


@pytest.mark.parametrize('name', ['n000002', 'anger', '@home', 'a.b', 'lost', '0'])
def test_folders_of_a_user_are_taken(name):
    assert is_user_folder(name)


@pytest.mark.parametrize('extension', EXTENSIONS)
def test_each_ending_has_a_format_that_is_opened(extension):
    data = io.BytesIO()
    Image.new('RGB', (5, 4)).save(data, FORMATS_BY_EXTENSION[extension])
    data.seek(0)
    with open_image(data) as image:
        assert image.size == (5, 4)


@pytest.mark.parametrize(
    'data', [b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 50 50\n%%EndComments\n', b'%PDF-1.4\n', b'', b'x' * 100]
)
def test_postscript_and_the_rest_are_no_images(data):
    with pytest.raises(UnidentifiedImageError):
        open_image(io.BytesIO(data))


def test_no_format_is_opened_that_has_no_ending():
    Image.init()
    assert not {'EPS', 'WMF', 'FITS', 'HDF5'} & set(FORMATS)


def test_what_is_left_out_is_told_in_one_line():
    left_out = LeftOut()
    assert not left_out and str(left_out) == ''
    left_out.add(HIDDEN, 'n01/.DS_Store')
    left_out.add(HIDDEN, 'n02/.DS_Store', 1200)
    left_out.add(SYSTEM, '@eaDir')
    left_out.add(OTHER, '\udcff.txt')
    assert str(left_out) == (
        'hidden files or folders: 1,201 (such as n01/.DS_Store), folders of the system: 1 (@eaDir), '
        'files with another ending: 1 (\\udcff.txt)'
    )
