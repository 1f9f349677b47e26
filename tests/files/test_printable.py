"""File names in messages: any bytes can be printed and logged."""

import logging
import os

import pytest

from fra_plugin.files.printable import drawable, printable

NOT_UTF8 = os.fsdecode(b'Ren\xe9.jpg')


@pytest.mark.parametrize(
    'name, expected',
    [
        ('a b.jpg', 'a b.jpg'),
        ('ß漢.jpg', 'ß漢.jpg'),
        (NOT_UTF8, 'Ren\\udce9.jpg'),
        (b'Ren\xe9.jpg', 'Ren\\udce9.jpg'),
        ('two\nlines\x1b[31m.jpg', 'two\\nlines\\x1b[31m.jpg'),
    ],
)
def test_a_name_is_one_line_that_can_be_written(name, expected):
    assert printable(name) == expected
    assert printable(name).encode()


def test_matplotlib_draws_names_as_they_are():
    assert drawable(f'{NOT_UTF8} $5') == 'Ren\\udce9.jpg \\$5'


def test_a_locale_without_unicode_gets_escapes(monkeypatch):
    monkeypatch.setattr('locale.getpreferredencoding', lambda *args: 'latin-1')
    assert printable('ß漢.jpg') == 'ß\\u6f22.jpg'


def test_a_log_file_keeps_the_line(tmp_path, monkeypatch):
    monkeypatch.setattr(logging, 'raiseExceptions', False)
    handler = logging.FileHandler(tmp_path / 'log', encoding='utf-8')
    for name in (NOT_UTF8, printable(NOT_UTF8)):
        handler.emit(logging.LogRecord('', logging.INFO, '', 0, name, (), None))
    handler.close()
    assert (tmp_path / 'log').read_text(encoding='utf-8').splitlines() == ['Ren\\udce9.jpg'], (
        'without it the line is lost'
    )
