"""The html page: complete in itself, escaped, whole on disk."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from fra_plugin.reports.report import Report


class Page(HTMLParser):
    """Tags, images and text of a page; checks that tags are closed in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.sources, self.words = [], [], [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == 'img':
            self.sources.append(dict(attrs)['src'])
        elif tag != 'meta':
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip() and self.open[-1] != 'style':
            self.words.append((self.open[-1], data.strip()))


def test_parts_come_in_order():
    report = Report('Title', 'below').heading('First').text('words')
    report.table(['a'], [['cell']], caption='tab').heading('Last')
    words = [word for _, word in Page(report.html()).words]
    assert words == ['Title', 'Title', 'below', 'First', 'words', 'tab', 'a', 'cell', 'Last']


def test_text_is_escaped_everywhere():
    evil = '<script>alert("1")</script>'
    report = Report(evil, evil).heading(evil).text(evil, warning=True).table([evil], [[evil]], caption=evil)
    report.figure(np.zeros((2, 2, 3), np.uint8), caption=evil)
    page = Page(report.html())
    assert 'script' not in [tag for tag, _ in page.tags]
    assert [word for _, word in page.words].count(evil) == 9
    assert [attrs['alt'] for tag, attrs in page.tags if tag == 'img'] == [evil]


def test_the_page_needs_nothing_from_outside():
    figure = pytest.importorskip('matplotlib.figure').Figure()
    figure.subplots().plot([1, 2])
    html = Report('t').figure(figure, np.zeros((2, 2), np.uint8)).html()
    assert all(source.startswith('data:image/') for source in Page(html).sources)
    assert not re.search(r'(src|href)="(?!data:)', html)


def test_array_survives_the_page():
    image = cv2.resize(np.random.default_rng(0).integers(0, 256, (4, 4, 3), np.uint8), (64, 64))
    (source,) = Page(Report('t').figure(image).html()).sources
    data = base64.b64decode(source.split(',')[1])
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(decoded.astype(int) - image).mean() < 8


def test_matplotlib_figure_becomes_vector_graphics_the_same_each_time():
    matplotlib = pytest.importorskip('matplotlib')
    figure = matplotlib.figure.Figure()
    figure.subplots().plot([3, 1, 2])
    with matplotlib.rc_context({'svg.hashsalt': 'fixed'}):
        first, second = Page(Report('t').figure(figure, figure).html()).sources
    assert first == second
    assert b'<svg' in base64.b64decode(first.split(',')[1])


def test_file_is_embedded_as_it_is(tmp_path):
    file = tmp_path / 'face.png'
    cv2.imwrite(str(file), np.full((3, 3, 3), 7, np.uint8))
    (source,) = Page(Report('t').figure(str(file)).html()).sources
    assert source == 'data:image/png;base64,' + base64.b64encode(file.read_bytes()).decode()


def test_numbers_are_short_and_stand_right():
    page = Page(Report('t').table(['name', 'value'], [['x', 0.123456], ['y', None]]).html())
    cells = [(attrs.get('class')) for tag, attrs in page.tags if tag == 'td']
    assert cells == [None, 'number', None, 'number']
    assert ('td', '0.1235') in page.words


def test_saved_page_is_whole_and_leaves_no_other_file(tmp_path):
    report = Report('t').text('ä')
    report.save(tmp_path / 'new' / 'page.html')
    assert (tmp_path / 'new' / 'page.html').read_text(encoding='utf-8') == report.html()
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['page.html']


def test_failed_save_keeps_the_former_page(tmp_path, monkeypatch):
    path = tmp_path / 'page.html'
    Report('old').save(path)
    old = path.read_text()
    report = Report('new')

    def disk_full(self, text, **options):
        with open(self, 'w') as file:
            file.write(text[:100])
        raise OSError('no space')

    with monkeypatch.context() as patch, pytest.raises(OSError, match='no space'):
        patch.setattr(Path, 'write_text', disk_full)
        report.save(path)
    assert path.read_text() == old and len(list(tmp_path.iterdir())) == 1


def test_a_name_that_is_not_utf8_does_not_cost_the_page(tmp_path):
    Report('faces of Ren\udce9').save(tmp_path / 'page.html')
    assert 'faces of Ren\\udce9' in (tmp_path / 'page.html').read_text(encoding='utf-8')


def test_wrong_input_is_refused_in_words(tmp_path):
    with pytest.raises(ValueError, match='2 columns, got a row of 1'):
        Report('t').table(['a', 'b'], [['x']])
    with pytest.raises(TypeError, match='got float'):
        Report('t').figure(1.5)
    with pytest.raises(TypeError, match='float64'):
        Report('t').figure(np.zeros((2, 2)))
    with pytest.raises(ValueError, match='page.txt: expected an image file'):
        Report('t').figure('page.txt')
    with pytest.raises(FileNotFoundError):
        Report('t').figure(tmp_path / 'missing.png')
