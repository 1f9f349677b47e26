"""The page in the browser: what it says of photos, and the page itself in a headless Chromium."""

import contextlib
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from made_photos import photo

from fra_plugin.apis import FRAFeatures
from fra_plugin.datasets import FaceCrop
from fra_plugin.faces import HaarCascade
from fra_plugin.synthetic import render_face

TOOL = Path(__file__).resolve().parents[2] / 'tools/demo_app.py'


@pytest.fixture(scope='module')
def app():
    return runpy.run_path(str(TOOL))


@pytest.fixture(scope='module')
def features():
    return FRAFeatures('fra_r18w32_96px', device='cpu')


@pytest.fixture(scope='module')
def portrait():
    data = pytest.importorskip('skimage.data', reason='the portrait comes with scikit-image')
    return np.ascontiguousarray(data.astronaut()[..., ::-1])


def write(folder: Path, **pictures: np.ndarray) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        cv2.imwrite(str(folder / f'{name}.png'), picture)
    return folder


def write_faces(folder: Path) -> Path:
    """Three drawn ones; a name is not UTF-8, and one would be a tag in the page."""
    names = ('ann', 'ben', '<b>eve')
    write(folder, **{name: render_face(0, 4 * i, 96)['image'] for i, name in enumerate(names)})
    os.rename(folder / 'ben.png', os.fsencode(folder) + b'/Ren\xe9.png')
    return folder


def test_a_photo_gives_its_faces_with_names_and_shares_of_regions_and_the_nearest_faces(
    app, features, portrait, tmp_path
):
    known, note = app['search'](features, str(write_faces(tmp_path / 'faces')))
    demo = app['Demo'](features, HaarCascade(), known)
    answer = demo.look(str(write(tmp_path, two=np.concatenate([portrait, portrait], axis=1)) / 'two.png'))
    assert '2 faces found.' in answer.text and answer.text.count('<tr>') == 3 and 'of the 3 in' in note
    assert all(answer.text.count(name) == 2 for name in features.region_parts.names())
    assert 'ann.png (0.' in answer.text and '&lt;b&gt;eve.png' in answer.text and '<b>' not in answer.text
    assert 'Ren\\udce9.png (0.' in answer.text
    assert answer.photo.shape == (400, 800, 3) and answer.regions.ndim == 3
    assert answer.nearest.shape[1] >= 4 * app['SIDE']  # the face and the three of the folder
    shown = portrait[300, 100, ::-1].astype(int)  # a pixel far from the face, in RGB
    assert np.abs(answer.photo[300 * 400 // 512, 100 * 400 // 512] - shown).max() < 60


def test_shares_of_the_regions_add_up(app, features, tmp_path):
    masks = np.zeros((2, 4, 4), np.float32)
    masks[0, :, :1], masks[1, :, 1:] = 1, 1
    shares = app['Demo'](features, HaarCascade()).shares(masks, np.array(['nose 0.50', 'eyes 0.50']))
    assert shares in ('nose 0.50 (25%), eyes 0.50 (75%)', 'nose 0.50 (26%), eyes 0.50 (74%)')


def test_without_a_folder_no_nearest_faces_are_told(app, features, portrait, tmp_path):
    assert app['search'](features, None) == (None, '')
    answer = app['Demo'](features, HaarCascade()).look(str(write(tmp_path, one=portrait) / 'one.png'))
    assert '1 face found.' in answer.text and 'nearest' not in answer.text and answer.nearest is None


def test_bad_input_is_one_line_on_the_page(app, features, tmp_path):
    demo = app['Demo'](features, HaarCascade())
    write(tmp_path, grey=photo())
    (tmp_path / 'broken.jpg').write_bytes(b'no image')
    no_face, broken = demo.look(str(tmp_path / 'grey.png')), demo.look(str(tmp_path / 'broken.jpg'))
    assert no_face.text == '<p>No face found in this photo.</p>' and no_face.photo.shape == (240, 320, 3)
    assert broken.text.startswith('<p>This photo cannot be read: ') and broken.text.count('<p>') == 1
    assert broken.photo is None and demo.look(None).text == ''  # nothing dropped yet
    (tmp_path / 'empty').mkdir()
    assert app['search'](features, str(tmp_path / 'empty'))[1].startswith('<p>No nearest faces: ')
    (tmp_path / 'empty/broken.jpg').write_bytes(b'no image')
    known, note = app['search'](features, str(tmp_path / 'empty'))
    assert known is None and 'broken.jpg: not an image' in note


def test_a_model_that_the_page_cannot_show_is_refused(app):
    with pytest.raises(ValueError, match='backbone.pth is a backbone'):
        app['Demo'](SimpleNamespace(model=None, source='backbone.pth'), HaarCascade())
    with pytest.raises(ValueError, match='needs aligned faces: use --detector mtcnn or yunet'):
        app['Demo'](SimpleNamespace(model=True, crop=FaceCrop(align='similarity')), HaarCascade())


@pytest.mark.parametrize(
    'hidden, options, message',
    [
        (True, [], r"error: the page needs gradio: pip install 'gradio>="),
        (False, ['--folder', 'none'], 'error: --folder none: no such folder'),
    ],
)
def test_a_mistake_ends_the_command_with_one_line(monkeypatch, capsys, hidden, options, message):
    monkeypatch.setitem(sys.modules, 'gradio', None if hidden else sys)
    monkeypatch.setattr(sys, 'argv', ['demo_app.py', *options])
    monkeypatch.setattr(os, 'environ', dict(os.environ))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(TOOL), run_name='__main__')
    error = capsys.readouterr().err
    assert ended.value.code == 1 and message in error and error.count('\n') == 1


@contextlib.contextmanager
def served(folder: Path):
    """Address of the page, while its command runs; it must end well, and leave none of the photos behind."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = str(probe.getsockname()[1])
    (folder / 'temporary').mkdir()
    command = [sys.executable, '-W', 'ignore', str(TOOL), '--folder', str(write_faces(folder / 'faces'))]
    process = subprocess.Popen(
        [*command, '--detector', 'haar', '--device', 'cpu', '--port', port],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ, TMPDIR=str(folder / 'temporary'), OMP_NUM_THREADS='1'),
    )
    try:
        line = process.stdout.readline()
        assert line == f'open http://127.0.0.1:{port}/ (end with Ctrl+C)\n'
        yield line.split()[1]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0 and not list((folder / 'temporary').rglob('*.png'))
    finally:
        process.kill()
        process.stdout.close()


def test_the_page_in_a_browser_shows_faces_regions_and_mistakes_and_asks_no_other_server(features, portrait, tmp_path):
    pytest.importorskip('gradio', reason="the page needs gradio: pip install '.[app]'")
    browsers = pytest.importorskip('playwright.sync_api', reason='the browser is driven by playwright: pip install it')
    chromium = shutil.which('chromium') or shutil.which('google-chrome')
    if chromium is None:
        pytest.skip('no Chromium on this machine')
    write(tmp_path, portrait=portrait, grey=photo())
    (tmp_path / 'broken.jpg').write_bytes((tmp_path / 'portrait.png').read_bytes()[:2000])
    asked = []
    with served(tmp_path) as address, browsers.sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=chromium, args=['--no-sandbox'])
        page = browser.new_page()
        page.set_default_timeout(60000)
        page.on('request', lambda request: asked.append(request.url))

        def drop(name: str, line: str) -> str:
            page.goto(address)
            page.set_input_files('input[type=file]', str(tmp_path / name))
            page.get_by_text(line).wait_for()
            return page.inner_text('body')

        text = drop('portrait.png', '1 face found.')
        assert all(name in text for name in features.region_parts.names()) and 'Nearest faces: of the 3 in' in text
        assert 'ann.png (0.' in text and '<b>eve.png (0.' in text
        for name in ('faces', 'regions', 'nearest'):
            page.locator(f'#{name} img').evaluate('image => image.decode()')
        assert page.get_by_role('button', name='Share').count() == 0
        page.screenshot(path=str(tmp_path / 'page.png'), full_page=True)
        assert 'ann.png' not in drop('grey.png', 'No face found in this photo.')
        assert 'Traceback' not in drop('broken.jpg', 'This photo cannot be read: ')
        browser.close()
    assert len(asked) > 3 and not [url for url in asked if not url.startswith((address, 'data:', 'blob:'))]
