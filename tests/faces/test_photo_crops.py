"""crop_faces.py: crops and a table of them; interrupted runs go on; what is new, changed or gone is seen."""

import csv
import json
import os
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_photos import photo, write_photo
from PIL import Image

from fra_plugin.datasets import FaceCrop, FaceFolder, LoadFace
from fra_plugin.faces import crop_photos, crop_work
from fra_plugin.faces.detector import DetectedFace, Detector

PLACES = ((20, 30, 128), (180, 100, 100))


class MarkedFaces(Detector):
    """Finds the red squares of a photo: a detector that is exact, and quick."""

    has_points = True

    def find(self, image):
        red = ((image[..., 2] > 200) & (image[..., 1] < 80)).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(red)
        faces = []
        for x, y, width, height, _ in stats[1:]:
            at = np.array([(0.34, 0.46), (0.66, 0.46), (0.5, 0.64), (0.37, 0.82), (0.63, 0.82)]) * (width, height)
            faces.append(DetectedFace((x, y, x + width, y + height), 0.9, at + (x, y) - 0.5))
        return faces


def marked(path, *squares, size=(200, 160)):
    picture = np.full((size[1], size[0], 3), 120, np.uint8)
    for x, y, side in squares:
        picture[y : y + side, x : x + side] = (0, 0, 255)
        picture[y + side // 4 : y + side // 2, x + side // 4 : x + side // 2, 0] = 60
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)
    return picture


@pytest.fixture(autouse=True)
def marks(monkeypatch):
    """'haar' stands for the detector of marks."""
    from fra_plugin.faces import detectors

    monkeypatch.setitem(detectors.DETECTORS, 'haar', MarkedFaces)


@pytest.fixture
def photos(tmp_path):
    root = tmp_path / 'photos'
    marked(root / 'anna/1.png', (20, 30, 60), (120, 50, 40))
    marked(root / 'ben/2.jpg', (60, 40, 80))
    marked(root / 'empty.png')
    (root / 'broken.jpg').write_bytes((root / 'ben/2.jpg').read_bytes()[:200])
    return root


def run(photos, out, **options):
    return crop_photos(
        photos, out, options.pop('crop', FaceCrop(32, 0.0)), **{'detector': 'haar', 'workers': 1, **options}
    )


def table(out):
    with open(out / 'faces.csv', newline='') as file:
        return list(csv.DictReader(file))


def crops(out):
    return sorted(path.relative_to(out).as_posix() for path in out.rglob('images/**/*.*'))


@pytest.fixture
def looked_at(monkeypatch):
    """The photos that are read."""
    seen, load = [], LoadFace.transform

    def transform(self, results):
        seen.append(Path(results['img_path']).name)
        return load(self, results)

    monkeypatch.setattr(LoadFace, 'transform', transform)
    return seen


def test_crops_and_table_hold_what_was_found(photos, tmp_path):
    out = tmp_path / 'out'
    summary = run(photos, out)
    assert summary[:3] == (4, 3, 1) and summary.broken[0].startswith('broken.jpg: broken: ')
    assert crops(out) == ['images/anna/1_0.png', 'images/anna/1_1.png', 'images/ben/2_0.jpg']
    rows = table(out)
    assert [(row['source'], row['face'], row['crop']) for row in rows if row['face']] == [
        ('anna/1.png', '0', 'images/anna/1_0.png'),
        ('anna/1.png', '1', 'images/anna/1_1.png'),
        ('ben/2.jpg', '0', 'images/ben/2_0.jpg'),
    ]
    assert [(row['source'], row['problem'][:7]) for row in rows if row['problem']] == [
        ('broken.jpg', 'broken:'),
        ('empty.png', 'no face'),
    ]
    first = rows[[row['crop'] for row in rows].index('images/anna/1_0.png')]
    assert [float(first[name]) for name in ('x', 'y', 'width', 'height', 'score')] == [20, 30, 60, 60, 0.9]
    assert [float(first[name]) for name in ('cut_x', 'cut_y', 'cut_side', 'cut_angle')] == [50, 60, 60, 0]
    assert float(first['nose_x']) == pytest.approx(20 + 0.5 * 60 - 0.5)
    expected = FaceCrop(32, 0.0).cut(cv2.imread(str(photos / 'anna/1.png')), (20, 30, 80, 90))
    np.testing.assert_array_equal(cv2.imread(str(out / 'images/anna/1_0.png')), expected)


def test_two_processes_give_what_one_gives(photos, tmp_path):
    for i in range(6):
        marked(photos / f'more/{i}.png', (10 * i, 20, 50))
    run(photos, tmp_path / 'one')
    run(photos, tmp_path / 'two', workers=2)
    assert crops(tmp_path / 'one') == crops(tmp_path / 'two')
    for name in ['faces.csv', *crops(tmp_path / 'one')]:
        assert (tmp_path / 'one' / name).read_bytes() == (tmp_path / 'two' / name).read_bytes()


@pytest.mark.parametrize('keep, side', [('largest', 60), ('central', 40)])
def test_one_face_a_photo_keeps_the_photos_name(tmp_path, keep, side):
    marked(tmp_path / 'photos/1.png', (10, 10, 60), (85, 60, 40))
    run(tmp_path / 'photos', tmp_path / 'out', keep=keep)
    assert crops(tmp_path / 'out') == ['images/1.png']
    assert float(table(tmp_path / 'out')[0]['width']) == side


def test_aligned_faces_are_cut_by_their_points(photos, tmp_path):
    crop = FaceCrop(112, 0.0, 'similarity')
    run(photos, tmp_path / 'out', crop=crop)
    row = next(row for row in table(tmp_path / 'out') if row['face'])
    names = ('left_eye', 'right_eye', 'nose', 'left_mouth', 'right_mouth')
    points = np.array([[float(row[f'{name}_{axis}']) for axis in 'xy'] for name in names])
    square = crop.square((0, 0, 1, 1), points)
    assert float(row['cut_side']) == pytest.approx(square.side, abs=0.05)
    assert float(row['cut_angle']) == pytest.approx(square.angle, abs=0.05)


def test_photos_are_turned_upright(tmp_path):
    picture = marked(tmp_path / 'photos/1.png', (20, 30, 60))
    (tmp_path / 'photos/1.png').unlink()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    lying = cv2.rotate(picture, cv2.ROTATE_90_COUNTERCLOCKWISE)
    Image.fromarray(lying[..., ::-1].copy()).save(tmp_path / 'photos/1.png', exif=exif)
    run(tmp_path / 'photos', tmp_path / 'out')
    row = table(tmp_path / 'out')[0]
    assert [float(row[name]) for name in ('x', 'y', 'width')] == [20, 30, 60]


def test_a_second_call_does_only_what_is_new_changed_or_gone(photos, tmp_path, looked_at):
    out = tmp_path / 'out'
    run(photos, out)
    before = (out / 'faces.csv').read_bytes()
    looked_at.clear()
    run(photos, out)
    assert looked_at == [] and (out / 'faces.csv').read_bytes() == before
    marked(photos / 'new.png', (5, 5, 50))
    marked(photos / 'ben/2.jpg')
    (photos / 'anna/1.png').unlink()
    run(photos, out)
    assert sorted(looked_at) == ['2.jpg', 'new.png']
    assert crops(out) == ['images/new_0.png']
    assert [row['source'] for row in table(out)] == ['broken.jpg', 'empty.png', 'new.png', 'ben/2.jpg']
    looked_at.clear()
    (out / 'images/new_0.png').unlink()
    run(photos, out)
    assert looked_at == ['new.png'] and crops(out) == ['images/new_0.png']


def test_an_interrupted_run_goes_on(photos, tmp_path, monkeypatch, looked_at):
    out = tmp_path / 'out'
    one = crop_work._one

    def interrupted(source):
        if source == 'ben/2.jpg':
            raise KeyboardInterrupt
        return one(source)

    monkeypatch.setattr(crop_work, '_one', interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(photos, out)
    assert not (out / 'faces.csv').exists()
    done = list(looked_at)
    with open(out / '.photos.jsonl', 'a') as file:
        file.write('{"source": "empty.png", "sta')  # what a kill leaves
    monkeypatch.setattr(crop_work, '_one', one)
    run(photos, out)
    assert done and sorted(looked_at) == ['1.png', '2.jpg', 'broken.jpg', 'empty.png']
    run(photos, tmp_path / 'anew')
    assert (out / 'faces.csv').read_bytes() == (tmp_path / 'anew/faces.csv').read_bytes()


def test_changed_settings_are_noticed(photos, tmp_path):
    out = tmp_path / 'out'
    run(photos, out)
    with pytest.raises(ValueError, match=r'made with other settings \(margin was 0.0, is 0.5\).*--overwrite'):
        run(photos, out, crop=FaceCrop(32, 0.5))
    with pytest.raises(ValueError, match='keep was all, is largest'):
        run(photos, out, keep='largest')
    run(photos, out, keep='largest', overwrite=True)
    assert crops(out) == ['images/anna/1.png', 'images/ben/2.jpg']


def test_a_journal_from_elsewhere_removes_nothing_outside(photos, tmp_path):
    out = tmp_path / 'out'
    run(photos, out)
    (tmp_path / 'mine.txt').write_text('mine')
    entry = dict(
        source='gone.png', state=[0, 0], rows=[dict(crop='../mine.txt'), dict(crop=str(tmp_path / 'mine.txt'))]
    )
    with open(out / '.photos.jsonl', 'a') as file:
        file.write(json.dumps(entry) + '\n')
    run(photos, out)
    assert (tmp_path / 'mine.txt').read_text() == 'mine'


def test_face_folder_reads_the_table_without_any_crop(photos, tmp_path, log):
    out = tmp_path / 'out'
    run(photos, out, write_crops=False)
    assert not (out / 'images').exists()
    folder = FaceFolder(
        data_prefix=str(photos),
        boxes=str(out / 'faces.csv'),
        box_margin=0.0,
        pipeline=[LoadFace()],
        cache_dir=str(tmp_path),
    )
    assert [Path(folder.get_data_info(i)['img_path']).name for i in range(len(folder))] == ['1.png', '1.png', '2.jpg']
    assert [folder[i]['img'].shape[:2] for i in range(3)] == [(60, 60), (40, 40), (80, 80)]
    assert any('2 of 4 images show no face and are left out' in line for line in log)


def test_other_formats_become_png(tmp_path):
    picture = marked(tmp_path / 'photos/1.png', (20, 30, 60))
    cv2.imwrite(str(tmp_path / 'photos/1.tif'), picture)
    run(tmp_path / 'photos', tmp_path / 'out')
    assert crops(tmp_path / 'out') == ['images/1.tif_0.png', 'images/1_0.png']
    cv2.imwrite(str(tmp_path / 'photos/1.tif.png'), picture)
    with pytest.raises(ValueError, match='1.tif and 1.tif.png: their crops have one name'):
        run(tmp_path / 'photos', tmp_path / 'other')
    assert not (tmp_path / 'other').exists()


@pytest.mark.parametrize('options', [{}, dict(keep='largest')])
def test_the_longest_name_that_a_disk_takes_is_cut_and_found_again(tmp_path, looked_at, options):
    photo = marked(tmp_path / 'photos/1.png', (20, 30, 60))
    for last in 'ab':
        (tmp_path / 'photos/1.png').with_name(f'{"é" * 125}{last}.png').write_bytes(cv2.imencode('.png', photo)[1])
    for _ in range(2):
        run(tmp_path / 'photos', tmp_path / 'out', **options)
        assert len(crops(tmp_path / 'out')) == 3 and len(looked_at) == 3
    rows = table(tmp_path / 'out')
    assert sorted(row['crop'] for row in rows) == crops(tmp_path / 'out') and len({row['source'] for row in rows}) == 3


def test_names_of_any_bytes_are_kept(tmp_path):
    marked(tmp_path / 'photos/1.png', (20, 30, 60))
    os.rename(tmp_path / 'photos/1.png', os.fsencode(tmp_path / 'photos') + b'/Ren\xe9, 1.png')
    run(tmp_path / 'photos', tmp_path / 'out')
    assert os.listdir(os.fsencode(tmp_path / 'out/images')) == [b'Ren\xe9, 1_0.png']
    folder = FaceFolder(data_prefix=str(tmp_path / 'photos'), boxes=str(tmp_path / 'out/faces.csv'), box_margin=0.0)
    assert folder.get_data_info(0)['bbox'] == (20, 30, 80, 90)


@pytest.fixture
def command(run_tool):
    return partial(run_tool, 'dataset_converters/crop_faces.py')


def test_the_command_finds_drawn_faces(tmp_path, command):
    pytest.importorskip('facenet_pytorch')
    write_photo(tmp_path / 'photos/1.png', *PLACES)
    (tmp_path / 'photos/2.heic').touch()
    code, out, _ = command(
        tmp_path / 'photos', tmp_path / 'out', '--detector', 'mtcnn', '--align', 'similarity',
        '--size', 112, '--margin', 0, '--workers', 1,
    )  # yapf: disable
    assert code == 0 and out.startswith('2 faces in 1 photos, of which 0 show no face and 0 are broken')
    assert out.splitlines()[1] == 'left out: files with another ending: 1 (2.heic)'
    for name in crops(tmp_path / 'out'):
        assert cv2.imread(str(tmp_path / 'out' / name)).shape == (112, 112, 3)
    assert photo(*PLACES).shape == (240, 320, 3)


def test_mistakes_are_one_line_and_write_nothing(photos, tmp_path, command):
    def error(*args):
        code, _, lines = command(*args)
        assert code == 1 and len(lines) == 1, lines
        return lines[0]

    out = tmp_path / 'out'
    Path(f'{photos}.txt').touch()
    assert 'no folder of photos' in error(tmp_path / 'none', out)
    assert 'this is a file' in error(photos / 'empty.png', out)
    assert f'{photos}.txt is a file, expected a folder' in error(photos, f'{photos}.txt/out')
    assert 'photos: expected a folder, got an empty name' in error('', out)
    assert 'out: expected a folder, got an empty name' in error(photos, ' ')
    assert 'min_score must be a number, got nan' in error(photos, out, '--min-score', 'nan')
    assert 'its crops would be taken for photos' in error(photos, photos / 'out')
    assert 'got 0' in error(photos, out, '--size', 0)
    assert 'above -1, got -2.0' in error(photos, out, '--margin', -2)
    assert 'yunet needs the onnx file' in error(photos, out, '--detector', 'yunet')
    assert "got 'dlib'" in error(photos, out, '--detector', 'dlib')
    assert 'workers must be at least 1' in error(photos, out, '--workers', 0)
    assert not out.exists()
    out.mkdir()
    (out / 'mine.txt').write_text('mine')
    assert 'is not empty, and was not made by this command' in error(photos, out)
    assert [path.name for path in out.iterdir()] == ['mine.txt']
    empty = tmp_path / 'empty'
    marked(empty / 'a.png')
    *_, last = command(empty, tmp_path / 'none_found', '--detector', 'haar', '--workers', 1)[2]
    assert 'no face found in 1 photos (0 of them broken) by haar' in last


def test_alignment_needs_points(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(MarkedFaces, 'has_points', False)
    with pytest.raises(ValueError, match='haar gives no points'):
        run(photos, tmp_path / 'out', crop=FaceCrop(32, 0.0, 'similarity'))
    assert not (tmp_path / 'out').exists()
