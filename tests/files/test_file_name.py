"""Names made from a user's names fit the disk, stay apart, and can be printed."""

import io
import os

import pytest

from fra_plugin.files.file_name import fitting_name, take_any_name


@pytest.mark.parametrize('letter', ['x', 'é', '語', '\udce9'])
def test_a_long_name_is_cut_to_what_fits_and_keeps_its_ending(letter):
    names = [fitting_name(f'{letter * 300}{end}.jpg') for end in ('', 'a', 'b')]
    assert len(set(names)) == 3
    for name in names:
        assert 240 < len(os.fsencode(name)) <= 255 and name.startswith(letter) and name.endswith('.jpg')
        assert '\ufffd' not in name


def test_a_name_that_fits_stays():
    for name in ('a.png', 'x' * 255, 'Ren\udce9.png'):
        assert fitting_name(name) == name
    assert fitting_name('x' * 256) != 'x' * 256 and len(fitting_name('a.' + 'x' * 300)) == 255


def test_a_stream_prints_a_name_that_is_not_utf8():
    stream = io.TextIOWrapper(io.BytesIO(), encoding='utf-8')
    take_any_name(stream)
    print('Zoë Ren\udce9', end='', file=stream, flush=True)
    assert stream.buffer.getvalue().decode() == 'Zoë Ren\\udce9'
