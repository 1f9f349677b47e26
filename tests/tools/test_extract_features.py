"""The commands that use a model: features to a file, regions to pictures; a mistake is one line and writes nothing."""

import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_checkpoints import NARROW, fra, save

from fra_plugin.apis import FRAFeatures
from fra_plugin.checkpoints.export import export_backbone
from fra_plugin.reports.visualization import draw_regions

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


@pytest.fixture(scope='module')
def case(tmp_path_factory):
    """A folder with a checkpoint and two faces."""
    folder = tmp_path_factory.mktemp('case')
    save(fra(NARROW, 64), folder / 'fra.pth', NARROW, 64)
    (folder / 'faces' / 'ben').mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in ('ann.png', 'ben/1.png'):
        cv2.imwrite(str(folder / 'faces' / name), rng.integers(0, 256, (64, 64, 3)).astype(np.uint8))
    return folder


@pytest.fixture
def run(run_tool):
    """Exit code and the lines of the error output of a command."""
    return lambda tool, *args: run_tool(tool, *args)[::2]


def test_features_are_written(case, run, tmp_path):
    code, _ = run(
        'extract_features.py',
        case / 'fra.pth',
        case / 'faces',
        '--out',
        tmp_path / 'new' / 'f.npz',
        '--what',
        'embedding',
        'heatmaps',
        '--batch-size',
        1,
        '--device',
        'cpu',
    )
    assert code == 0
    expected = FRAFeatures(case / 'fra.pth', device='cpu')(case / 'faces')
    with np.load(tmp_path / 'new' / 'f.npz') as arrays:
        assert sorted(arrays) == ['embedding', 'heatmaps', 'names']
        assert arrays['names'].tolist() == ['ann.png', 'ben/1.png']
        for name in ('embedding', 'heatmaps'):
            np.testing.assert_allclose(arrays[name], expected[name], rtol=1e-4, atol=1e-5)


def test_regions_are_drawn(case, run, tmp_path):
    code, _ = run('visualize_heatmaps.py', case / 'fra.pth', case / 'faces', '--out', tmp_path, '--device', 'cpu')
    assert code == 0
    written = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob('*.*'))
    assert written == ['ann.png.png', 'ben/1.png.png', 'contact_sheet.png']
    face = cv2.imread(str(case / 'faces' / 'ann.png'))
    masks = FRAFeatures(case / 'fra.pth', device='cpu')(face)['heatmaps'][0]
    assert np.array_equal(cv2.imread(str(tmp_path / 'ann.png.png')), draw_regions(face, masks))
    assert cv2.imread(str(tmp_path / 'contact_sheet.png')).shape[1] == 2 * 160 + 3 * 4  # two faces side by side


def test_names_of_any_bytes_and_of_any_length_are_read_drawn_and_told(case, run, tmp_path):
    folder = tmp_path / 'f\udce9'  # as a disk has it that is not UTF-8
    folder.mkdir()
    names = ['Ren\udce9.png', f'{"x" * 251}.png', f'{"x" * 250}y.png']
    for name in names:
        shutil.copy(case / 'faces' / 'ann.png', folder / name)
    model = (case / 'fra.pth', folder, '--device', 'cpu')
    assert run('extract_features.py', *model, '--out', tmp_path / f'{"z" * 251}.npz')[0] == 0
    with np.load(tmp_path / f'{"z" * 251}.npz') as arrays:
        assert sorted(arrays['names'].tolist()) == sorted(names)
    assert run('visualize_heatmaps.py', *model, '--out', tmp_path / 'out\udce9')[0] == 0
    drawn = os.listdir(tmp_path / 'out\udce9')
    assert len(drawn) == 4 and {'Ren\udce9.png.png', 'contact_sheet.png'} < set(drawn)
    (folder / 'Ren\udce9.png').write_text('no image')
    code, lines = run('extract_features.py', *model, '--out', tmp_path / 'f.npz')
    assert code == 0 and 'f\\udce9/Ren\\udce9.png' in lines[0]


@pytest.fixture
def some_broken(case, tmp_path):
    """The faces of the case, and two files that are none."""
    folder = shutil.copytree(case / 'faces', tmp_path / 'faces')
    (folder / 'a.jpg').write_text('no image')
    (folder / 'ben' / 'empty.png').write_bytes(b'')
    return folder


def test_broken_files_are_named_counted_and_left_out(case, run, tmp_path, some_broken):
    model = (case / 'fra.pth', some_broken, '--device', 'cpu')
    told = ['left out: ', 'left out: ', '2 of 4 images cannot be read and are left out']
    code, lines = run('extract_features.py', *model, '--out', tmp_path / 'f.npz')
    assert code == 0 and all(line.startswith(text) for line, text in zip(lines, told))
    assert 'a.jpg' in lines[0] and 'empty.png' in lines[1]
    with np.load(tmp_path / 'f.npz') as arrays:
        assert arrays['names'].tolist() == ['ann.png', 'ben/1.png']
        expected = FRAFeatures(case / 'fra.pth', device='cpu')(case / 'faces', what=['embedding'])['embedding']
        np.testing.assert_allclose(arrays['embedding'], expected, rtol=1e-4, atol=1e-5)
    code, lines = run('visualize_heatmaps.py', *model, '--out', tmp_path / 'out')
    assert code == 0 and lines[2] == told[2]
    assert sorted(path.name for path in (tmp_path / 'out').rglob('*.*')) == [
        '1.png.png',
        'ann.png.png',
        'contact_sheet.png',
    ]
    face = case / 'faces' / 'ann.png'
    code, lines = run('similar_faces.py', case / 'fra.pth', face, some_broken, '--out', tmp_path / 's.jpg')
    assert code == 0 and lines[2] == told[2] and (tmp_path / 's.jpg').is_file()


def test_without_any_image_that_can_be_read_there_is_one_line_and_nothing_is_written(case, run, tmp_path, some_broken):
    for name in ('ann.png', 'ben/1.png'):
        (some_broken / name).unlink()
    code, (error,) = run('extract_features.py', case / 'fra.pth', some_broken, '--out', tmp_path / 'f.npz')
    assert code == 1 and 'none of the 2 images can be read: ' in error and 'faces/a.jpg' in error
    assert not (tmp_path / 'f.npz').exists()


def test_python_gets_an_error_for_a_broken_file(case, some_broken):
    with pytest.raises(ValueError, match='a.jpg: not an image'):
        FRAFeatures(case / 'fra.pth', device='cpu')(some_broken)


def test_files_are_drawn_below_their_common_folder(case, run, tmp_path):
    faces = [case / 'faces' / 'ben' / '1.png', case / 'faces' / 'ann.png']
    code, _ = run(
        'visualize_heatmaps.py', case / 'fra.pth', *faces, '--out', tmp_path, '--max-faces', 1, '--device', 'cpu'
    )
    assert code == 0
    assert (tmp_path / 'ann.png.png').is_file() and (tmp_path / 'ben' / '1.png.png').is_file()


@pytest.mark.parametrize('tool, out', [('extract_features.py', 'f.npz'), ('visualize_heatmaps.py', 'pictures')])
def test_a_mistake_is_one_line_and_nothing_is_written(case, run, tmp_path, tool, out):
    (tmp_path / 'text.jpg').write_text('no image')
    (tmp_path / 'empty').mkdir()
    before = sorted(tmp_path.iterdir())
    for checkpoint, images, message in (
        (case / 'none.pth', case / 'faces', 'none.pth'),
        (tmp_path / 'text.jpg', case / 'faces', 'text.jpg'),
        (case / 'fra.pth', tmp_path / 'none', 'no image'),
        (case / 'fra.pth', tmp_path / 'empty', 'no image found'),
        (case / 'fra.pth', tmp_path / 'text.jpg', 'text.jpg'),
    ):
        code, (error,) = run(tool, checkpoint, images, '--out', tmp_path / out)
        assert code == 1 and error.startswith('error: ') and message in error
        assert sorted(tmp_path.iterdir()) == before


def test_weights_and_features_that_are_not_finite_are_refused(case, run, tmp_path):
    model = fra(NARROW, 64)
    model.backbone.layer4[0].bn1.running_mean[3] = float('nan')
    save(model, tmp_path / 'nan.pth', NARROW, 64)
    model.backbone.layer4[0].bn1.running_mean[3] = 0.0
    for norm in ('bn1', 'bn2'):  # each of them finite, together too much for float32
        getattr(model.backbone.layer4[1], norm).weight.data.fill_(1e30)
    save(model, tmp_path / 'large.pth', NARROW, 64)
    for tool, out in (('extract_features.py', 'f.npz'), ('visualize_heatmaps.py', 'pictures')):
        for name, message in (
            (
                'nan.pth',
                r'nan.pth holds weights that are not finite (NaN or infinite): 1 tensors of the FRA, backbone.layer4.0.bn1',
            ),
            ('large.pth', 'ann.png has values that are not finite'),
        ):
            code, (error,) = run(tool, tmp_path / name, case / 'faces', '--out', tmp_path / out, '--device', 'cpu')
            assert code == 1 and message in error
            assert not (tmp_path / out).exists()
    code, (error,) = run('model_converters/export_backbone.py', tmp_path / 'nan.pth', tmp_path / 'out.pth')
    assert code == 1 and 'nan.pth holds weights that are not finite' in error and not (tmp_path / 'out.pth').exists()


@pytest.mark.parametrize(
    'option, message',
    [(('--device', 'gpu'), "the device 'gpu' cannot be used"), (('--device', 'cuda:99'), "the device 'cuda:99' cannot"),
     (('--size', 0), 'size must be from 1 to 16,384 pixels, got 0'),
     (('--batch-size', 0), 'batch_size must be a whole number of at least 1, got 0')],
)  # fmt: skip
def test_values_that_no_option_takes_are_one_line(case, run, tmp_path, option, message):
    code, (error,) = run('extract_features.py', case / 'fra.pth', case / 'faces', '--out', tmp_path / 'f.npz', *option)
    assert code == 1 and message in error


@pytest.mark.parametrize(
    'tool, out',
    [('extract_features.py', 'f.npz'), ('visualize_heatmaps.py', 'out'), ('similar_faces.py', 's.jpg'),
     ('similar_faces.py', 's.txt')],
)  # fmt: skip
def test_a_place_for_no_output_is_told_before_any_face_is_read(case, run, tmp_path, tool, out, monkeypatch):
    monkeypatch.setattr(FRAFeatures, '__call__', None)
    (tmp_path / 'file').touch()
    face = [case / 'faces/ann.png'] * (tool == 'similar_faces.py')
    code, (error,) = run(tool, case / 'fra.pth', *face, case / 'faces', '--out', tmp_path / 'file' / out)
    assert code == 1 and ('file is a file, expected a folder' in error or 's.txt: no picture can be written' in error)


@pytest.mark.parametrize('region, message', [('mouht', "'mouht' is not known"), ('3', 'number from 0 to 2, got 3')])
def test_a_mistyped_region_is_told_before_any_face_is_read(case, run, tmp_path, region, message, monkeypatch):
    monkeypatch.setattr(FRAFeatures, '__call__', None)
    face, out = case / 'faces/ann.png', tmp_path / 's.jpg'
    code, (error,) = run('similar_faces.py', case / 'fra.pth', face, case / 'faces', '--out', out, '--region', region)
    assert code == 1 and message in error


def test_pictures_do_not_land_among_the_faces(case, run):
    code, (error,) = run('visualize_heatmaps.py', case / 'fra.pth', case / 'faces', '--out', case / 'faces' / 'out')
    assert code == 1 and 'lies in the folder of the images' in error


def test_a_backbone_has_no_regions(case, run, tmp_path):
    export_backbone(str(case / 'fra.pth'), str(tmp_path / 'backbone.pth'))
    code, (error,) = run('visualize_heatmaps.py', tmp_path / 'backbone.pth', case / 'faces', '--out', tmp_path / 'out')
    assert code == 1 and "'heatmaps' needs a whole FRA checkpoint" in error
    assert not (tmp_path / 'out').exists()


def test_another_ending_is_refused_by_the_parser(case, run, tmp_path):
    code, lines = run('extract_features.py', case / 'fra.pth', case / 'faces', '--out', tmp_path / 'f.csv')
    assert code == 2 and 'expected a name in .npz' in lines[-1]
