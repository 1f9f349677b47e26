"""Pictures are written under any name, whole or not at all."""

import os

import cv2
import numpy as np
import pytest

from fra_plugin.files.picture_file import write_picture

PICTURE = np.random.default_rng(0).integers(0, 256, (8, 9, 3)).astype(np.uint8)


@pytest.mark.parametrize('name', ['a.png', 'new/Ren\udce9.png', f'{"x" * 251}.png', 'two words, one comma.PNG'])
def test_a_picture_comes_back_under_any_name(tmp_path, name):
    path = tmp_path / name
    write_picture(path, PICTURE)
    assert np.array_equal(cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR), PICTURE)
    assert os.listdir(path.parent) == [path.name]


def test_a_jpeg_has_the_quality_that_is_asked_for(tmp_path):
    sizes = []
    for quality in (30, 95):
        write_picture(tmp_path / 'a.jpg', PICTURE, quality)
        sizes.append((tmp_path / 'a.jpg').stat().st_size)
    assert sizes[0] < sizes[1]


@pytest.mark.parametrize('name', ['a.txt', 'a'])
def test_a_name_that_tells_no_format_is_refused_and_nothing_is_written(tmp_path, name):
    with pytest.raises(ValueError, match=f'{name}: no picture can be written'):
        write_picture(tmp_path / name, PICTURE)
    assert not list(tmp_path.iterdir())
