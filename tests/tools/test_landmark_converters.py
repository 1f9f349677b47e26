"""The authors' landmark lists -> json: numbers kept, counts told, bad lines named, and mmpose loads the result."""

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from fra_plugin.datasets.landmarks.landmark_json import image_size

TOOLS = Path(__file__).resolve().parents[2] / 'tools' / 'dataset_converters'


@pytest.fixture
def convert(monkeypatch, capsys):
    """Runs a converter; returns exit code, stdout and stderr."""

    def run(tool, *args):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, args)])
        code = 0
        try:
            runpy.run_path(str(TOOLS / tool), run_name='__main__')
        except SystemExit as stop:
            code = stop.code
        return (code, *capsys.readouterr())

    return run


def image(path, width=80, height=60):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), 90, np.uint8))


def turned_image(path, orientation=6):
    """A picture of 60 x 80 stored pixels that any viewer, and mmpose, shows as one of 80 x 60."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new('RGB', (60, 80)).save(path, exif=exif)


def entries(path):
    """Each annotation of a json file with its image."""
    content = json.loads(path.read_text())
    images = {image['id']: image for image in content['images']}
    return [(images[face['image_id']], face) for face in content['annotations']]


def assert_inside(path):
    """Sizes, boxes and areas are positive, and boxes lie inside their images."""
    for of_image, face in entries(path):
        x, y, width, height = face['bbox']
        assert of_image['width'] > 0 and of_image['height'] > 0 and width > 0 and height > 0
        assert x >= 0 and y >= 0 and x + width <= of_image['width'] and y + height <= of_image['height']
        assert face['area'] == pytest.approx(width * height) and face['scale'] > 0


def points(num, seed=0):
    return np.random.default_rng(seed).uniform(5, 55, (num, 2)).round(3)


def load(dataset, root, ann_file):
    """Samples of a json file as mmpose's or our data set reads them."""
    pytest.importorskip('mmpose')
    from mmpose.registry import DATASETS

    import fra_plugin.landmark  # noqa: F401

    return DATASETS.build(
        dict(
            type=dataset,
            data_root=str(root),
            ann_file=f'annotations/{ann_file}',
            data_prefix=dict(img='images/'),
            test_mode=True,
            pipeline=[dict(type='mmpose.LoadImage')],
        )
    )


# --- WFLW


def wflw_line(seed=0, flags='0 0 0 0 0 0', name='0--Parade/a.jpg', shift=0):
    numbers = ' '.join(map(str, (points(98, seed) + [shift, 0]).ravel()))
    return f'{numbers} 3 4 50 60 {flags} {name}'


def wflw(root, train, test):
    lists = root / 'WFLW_annotations' / 'list_98pt_rect_attr_train_test'
    lists.mkdir(parents=True)
    (lists / 'list_98pt_rect_attr_train.txt').write_text('\n'.join(train) + '\n')
    (lists / 'list_98pt_rect_attr_test.txt').write_text('\n'.join(test) + '\n')
    for name in ('a', 'b'):
        image(root / f'WFLW_images/0--Parade/{name}.jpg')
    return root


def test_wflw_keeps_landmarks_and_subsets(tmp_path, convert):
    raw = wflw(
        tmp_path / 'raw',
        [wflw_line()],
        [wflw_line(1, '1 0 0 0 0 1'), wflw_line(2, name='0--Parade/b.jpg'), wflw_line(3, '0 1 1 1 1 0')],
    )
    code, out, _ = convert('wflw.py', raw, tmp_path / 'out')
    assert code == 0 and 'train: 1 faces; WARNING: the official list has 7,500' in out
    assert 'test, blur: 1 faces; WARNING: the official list has 773' in out
    content = json.loads((tmp_path / 'out/annotations/face_landmarks_wflw_test.json').read_text())
    assert [face['subsets'] for face in content['annotations']] == [
        ['pose', 'blur'],
        [],
        ['expression', 'illumination', 'makeup', 'occlusion'],
    ]
    assert len(content['images']) == 2 and content['annotations'][2]['image_id'] == content['images'][0]['id']
    dataset = load('WFLWSubsetDataset', tmp_path / 'out', 'face_landmarks_wflw_test.json')
    assert len(dataset) == 3 and dataset[0]['img'].shape == (60, 80, 3)
    for index, face in enumerate([points(98, 1), points(98, 3), points(98, 2)]):
        np.testing.assert_allclose(dataset[index]['keypoints'][0], face, rtol=1e-6)
        assert dataset[index]['keypoints_visible'].all()
    assert dataset[0]['raw_ann_info']['subsets'] == ['pose', 'blur']


def test_boxes_are_those_of_mmposes_own_files(real_data, tmp_path):
    from fra_plugin.datasets.landmarks.landmark_json import LandmarkJson

    for name in ('wflw', '300w'):
        theirs = json.loads((real_data / f'mmpose_face_samples/{name}/test_{name}.json').read_text())
        sizes = {image['id']: (image['width'], image['height']) for image in theirs['images']}
        for face in theirs['annotations']:
            ours = LandmarkJson()
            ours.add('a.jpg', sizes[face['image_id']], np.array(face['keypoints']).reshape(-1, 3)[:, :2])
            ours.write(tmp_path / 'a.json')
            written = json.loads((tmp_path / 'a.json').read_text())['annotations'][0]
            # mmpose's centres and sides are of whole pixels, rounded here and there by one.
            np.testing.assert_allclose(written['center'], face['center'], atol=0.51)
            np.testing.assert_allclose(200 * written['scale'], 200 * face['scale'], atol=1.01)
            np.testing.assert_allclose(written['bbox'][:3], face['bbox'][:3], atol=1e-3)
            assert set(face) - {'segmentation'} <= set(written)


@pytest.mark.parametrize(
    'line, message',
    [
        (wflw_line()[9:], 'expected 196 coordinates'),
        (wflw_line().replace('3 4 50', '3 four 50'), "could not convert string to float: 'four'"),
        (wflw_line().replace('3 4 50', '3 nan 50'), 'must be finite'),
        (wflw_line(flags='0 0 2 0 0 0'), 'must be 0 or 1, got 0 0 2 0 0 0'),
        (wflw_line(name='0--Parade/missing.jpg'), 'no image .*missing.jpg'),
        (wflw_line(name='../../secret.jpg'), 'secret.jpg'),
    ],
)
def test_a_bad_line_of_wflw_is_named_and_nothing_is_written(tmp_path, convert, line, message):
    raw = wflw(tmp_path / 'raw', [wflw_line(), line], [wflw_line()])
    code, _, err = convert('wflw.py', raw, tmp_path / 'out')
    assert code == 1 and len(err.splitlines()) == 1
    assert 'list_98pt_rect_attr_train.txt:2' in err
    assert re.search(message, err)
    assert not (tmp_path / 'out').exists()


def test_a_turned_photo_is_measured_as_mmpose_shows_it_by_every_converter(tmp_path, convert):
    raw = wflw(tmp_path / 'wflw', [wflw_line(shift=25)], [wflw_line()])
    turned_image(raw / 'WFLW_images/0--Parade/a.jpg')
    assert convert('wflw.py', raw, tmp_path / 'out-wflw')[0] == 0
    w300(tmp_path / 'w300')
    write_pts(tmp_path / 'w300/ibug/face 1.pts', points(68) + [25, 0])
    turned_image(tmp_path / 'w300/ibug/face 1.jpg')
    assert convert('w300.py', tmp_path / 'w300', tmp_path / 'out-w300')[0] == 0
    aflw(tmp_path / 'aflw', bbox=np.tile([35.0, 75.0, 5.0, 47.0], (3, 1)))
    turned_image(tmp_path / 'aflw/flickr/1/image1.jpg')
    assert convert('aflw.py', tmp_path / 'aflw', tmp_path / 'out-aflw', '--num-train', 1)[0] == 0
    for name, face in (
        ('wflw/annotations/face_landmarks_wflw_train.json', 0),
        ('w300/annotations/face_landmarks_300w_valid.json', 2),
        ('aflw/annotations/face_landmarks_aflw_train.json', 0),
    ):
        path = tmp_path / f'out-{name}'
        assert_inside(path)
        of_image, annotation = entries(path)[face]
        assert (of_image['width'], of_image['height']) == (80, 60)
        assert annotation['bbox'][0] + annotation['bbox'][2] > 60


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('ending', ['jpg', 'png', 'webp', 'tif'])
def test_size_is_that_of_the_picture_that_mmpose_loads(tmp_path, orientation, ending):
    path = tmp_path / f'a.{ending}'
    turned_image(path, orientation)
    load_image = pytest.importorskip('mmcv.transforms').LoadImageFromFile()
    assert image_size(str(path)) == load_image(dict(img_path=str(path)))['img_shape'][::-1]


def test_landmarks_outside_the_image_are_counted_and_the_box_ends_at_the_border(tmp_path, convert):
    raw = wflw(tmp_path / 'raw', [wflw_line(), wflw_line(1, shift=50)], [wflw_line(shift=-10)])
    code, out, _ = convert('wflw.py', raw, tmp_path / 'out')
    assert code == 0
    assert 'train: 1 faces with landmarks outside the image, such as 0--Parade/a.jpg' in out
    assert 'test: 1 faces with landmarks outside the image' in out
    for split in ('train', 'test'):
        assert_inside(tmp_path / f'out/annotations/face_landmarks_wflw_{split}.json')


@pytest.mark.parametrize(
    'shift, message', [(80, 'no part of the face is in the image of 80 x 60'), (9999, 'far outside')]
)
def test_a_face_outside_its_image_is_named_with_its_line(tmp_path, convert, shift, message):
    raw = wflw(tmp_path / 'raw', [wflw_line(), wflw_line(shift=shift)], [wflw_line()])
    code, _, err = convert('wflw.py', raw, tmp_path / 'out')
    assert code == 1 and 'list_98pt_rect_attr_train.txt:2' in err and message in err and not (tmp_path / 'out').exists()


def test_a_missing_list_or_folder_is_named(tmp_path, convert):
    code, _, err = convert('wflw.py', tmp_path, tmp_path / 'out')
    assert code == 1 and err.startswith('error: ') and 'WFLW_images' in err


def test_a_folder_of_other_images_is_not_taken_for_the_link(tmp_path, convert):
    raw = wflw(tmp_path / 'raw', [wflw_line()], [wflw_line()])
    (tmp_path / 'out/images').mkdir(parents=True)
    code, _, err = convert('wflw.py', raw, tmp_path / 'out')
    assert code == 1 and 'already exists' in err and not (tmp_path / 'out/annotations').exists()


def test_a_second_run_writes_the_same(tmp_path, convert):
    raw, out = wflw(tmp_path / 'raw', [wflw_line()], [wflw_line(1)]), tmp_path / 'out'
    assert convert('wflw.py', raw, out)[0] == 0
    before = (out / 'annotations/face_landmarks_wflw_test.json').read_bytes()
    assert convert('wflw.py', raw, out)[0] == 0
    assert (out / 'annotations/face_landmarks_wflw_test.json').read_bytes() == before
    assert len(list((out / 'annotations').iterdir())) == 2


def test_is_a_command_of_any_folder(tmp_path):
    raw = wflw(tmp_path / 'raw', [wflw_line()], [wflw_line()])
    done = subprocess.run(
        [sys.executable, TOOLS / 'wflw.py', raw, 'here'], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'here/images/0--Parade/a.jpg').is_file()


# --- 300W


def write_pts(path, keypoints, suffix='.jpg'):
    image(path.with_suffix(suffix))
    rows = '\n'.join(f'{x} {y}' for x, y in keypoints)
    path.write_text(f'version: 1\nn_points:  {len(keypoints)}\n{{\n{rows}\n}}\n')


def w300(root):
    for folder in ('afw', 'helen/trainset', 'lfpw/trainset', 'helen/testset', 'lfpw/testset', 'ibug'):
        write_pts(root / folder / 'face 1.pts', points(68, len(folder)), '.png' if 'lfpw' in folder else '.jpg')
    return root


def test_300w_loads_with_its_subsets(tmp_path, convert):
    raw = w300(tmp_path / 'raw')
    code, out, _ = convert('w300.py', raw, tmp_path / 'out')
    assert code == 0 and 'test: skipped' in out and 'valid, ibug: 1 faces; WARNING: the official list has 135' in out
    assert not (tmp_path / 'out/annotations/face_landmarks_300w_test.json').exists()
    assert len(load('Face300WDataset', tmp_path / 'out', 'face_landmarks_300w_train.json')) == 3
    valid = load('Face300WSubsetDataset', tmp_path / 'out', 'face_landmarks_300w_valid.json')
    subsets = {sample['img_path'].split('images/')[1]: sample['raw_ann_info']['subsets'] for sample in valid}
    assert subsets == {
        'helen/testset/face 1.jpg': ['common', 'full'],
        'lfpw/testset/face 1.png': ['common', 'full'],
        'ibug/face 1.jpg': ['challenge', 'full'],
    }
    np.testing.assert_allclose(valid[0]['keypoints'][0], points(68, len('helen/testset')), rtol=1e-6)


def test_300w_takes_the_private_test_set(tmp_path, convert):
    raw = w300(tmp_path / 'raw')
    for folder in ('01_Indoor', '02_Outdoor'):
        write_pts(raw / '300W' / folder / 'indoor_001.pts', points(68), '.png')
    assert convert('w300.py', raw, tmp_path / 'out')[0] == 0
    content = json.loads((tmp_path / 'out/annotations/face_landmarks_300w_test.json').read_text())
    assert content['images'][0]['file_name'] == '300W/01_Indoor/indoor_001.png'


@pytest.mark.parametrize(
    'rows, message',
    [
        (['1 2'] * 67, r'face 1.pts: expected 68 points between braces, got 67'),
        (['1 2'] * 10 + ['1 2 3'] + ['1 2'] * 57, r"face 1.pts:14: expected two coordinates, got '1 2 3'"),
        (['x y'] + ['1 2'] * 67, r'face 1.pts:4'),
        (['inf 2'] + ['1 2'] * 67, r'face 1.pts:4'),
        (['99999 2'] + ['1 2'] * 67, r'ibug/face 1.pts: 99999 is far outside the image of 80 x 60'),
        (['1 2'] * 68 + ['}', '1 2'], r"face 1.pts:73: expected nothing after the points, got '1 2'"),
    ],
)
def test_a_bad_pts_file_is_named_with_its_line(tmp_path, convert, rows, message):
    raw = w300(tmp_path / 'raw')
    (raw / 'ibug/face 1.pts').write_text('version: 1\nn_points: 68\n{\n' + '\n'.join(rows) + '\n}\n')
    code, _, err = convert('w300.py', raw, tmp_path / 'out')
    assert code == 1 and message in err and not (tmp_path / 'out').exists()


def test_hidden_files_are_passed_over_and_images_without_points_are_told(tmp_path, convert):
    raw = w300(tmp_path / 'raw')
    (raw / 'ibug/._face 1.pts').write_bytes(b'\x00\x05\x16\x07')
    (raw / 'ibug/face 1.pts').rename(raw / 'ibug/face 1.PTS')
    (raw / 'ibug/face 1.jpg').rename(raw / 'ibug/face 1.JpG')
    image(raw / 'afw/other.png')
    code, out, _ = convert('w300.py', raw, tmp_path / 'out')
    assert code == 0 and 'train, afw: 1 images without a .pts file, such as other.png' in out
    content = json.loads((tmp_path / 'out/annotations/face_landmarks_300w_valid.json').read_text())
    assert [entry['file_name'] for entry in content['images']][2] == 'ibug/face 1.JpG'


def test_a_pts_file_without_an_image_is_named(tmp_path, convert):
    raw = w300(tmp_path / 'raw')
    (raw / 'afw/face 1.jpg').unlink()
    code, _, err = convert('w300.py', raw, tmp_path / 'out')
    assert code == 1 and 'afw/face 1.pts: no image' in err


# --- COFW


def cofw(root, drop=None):
    h5py = pytest.importorskip('h5py', reason="COFW's files are HDF5: pip install h5py")
    root.mkdir()
    for name, suffix, count in (('train', 'Tr', 2), ('test', 'T', 1)):
        with h5py.File(root / f'COFW_{name}_color.mat', 'w') as file:
            references = np.empty((1, count), dtype=h5py.ref_dtype)
            phis, boxes = np.zeros((87, count)), np.zeros((4, count))
            for i in range(count):
                # One image in colour, one in grey, with the columns first as MATLAB stores them.
                shape = (3, 50, 40) if i == 0 else (50, 40)
                cell = file.create_dataset(f'#refs#/{i}', data=np.full(shape, 10 * i + 5, np.uint8))
                references[0, i] = cell.ref
                phis[:58, i], phis[58:, i] = points(29, i).T.ravel() + 1, np.arange(29) % 2
                boxes[:, i] = (-2, 5, 30, 60)
            for key, array in ((f'Is{suffix}', references), (f'phis{suffix}', phis), (f'bboxes{suffix}', boxes)):
                if key != drop:
                    file.create_dataset(key, data=array)
    return root


def test_cofw_loads_with_images_and_hidden_landmarks(tmp_path, convert):
    code, out, _ = convert('cofw.py', cofw(tmp_path / 'raw'), tmp_path / 'out')
    assert code == 0 and 'train: 2 faces; WARNING: the official list has 1,345' in out
    content = json.loads((tmp_path / 'out/annotations/cofw_train.json').read_text())
    assert content['annotations'][0]['keypoints'][2::3] == [2 - i % 2 for i in range(29)]
    assert content['annotations'][0]['bbox'] == [0, 5, 28, 35]  # cut at the image, 50 wide and 40 high
    dataset = load('COFWDataset', tmp_path / 'out', 'cofw_train.json')
    assert [sample['img'].shape for sample in dataset] == [(40, 50, 3)] * 2
    assert [sample['img'][0, 0].tolist() for sample in dataset] == [[5] * 3, [15] * 3]
    np.testing.assert_allclose(dataset[1]['keypoints'][0], points(29, 1), rtol=1e-6)
    assert dataset[1]['keypoints_visible'].all()


def test_every_box_of_cofw_is_inside_its_image_and_odd_numbers_are_named(tmp_path, convert):
    h5py = pytest.importorskip('h5py')
    raw = cofw(tmp_path / 'raw')
    assert convert('cofw.py', raw, tmp_path / 'out')[0] == 0
    assert_inside(tmp_path / 'out/annotations/cofw_train.json')
    for name, value in (('phisTr', np.nan), ('phisTr', 1e6), ('bboxesTr', -400)):
        with h5py.File(raw / 'COFW_train_color.mat', 'r+') as file:
            before, file[name][0, 1] = file[name][0, 1], value
        code, _, err = convert('cofw.py', raw, tmp_path / 'other')
        assert code == 1 and 'COFW_train_color.mat: face 2' in err and not (tmp_path / 'other/annotations').exists()
        with h5py.File(raw / 'COFW_train_color.mat', 'r+') as file:
            file[name][0, 1] = before


def test_a_cofw_file_without_an_array_is_named(tmp_path, convert):
    code, _, err = convert('cofw.py', cofw(tmp_path / 'raw', drop='phisTr'), tmp_path / 'out')
    assert code == 1 and 'COFW_train_color.mat' in err and 'phisTr' in err
    assert not (tmp_path / 'out/annotations').exists()


def test_a_file_that_is_not_hdf5_is_named(tmp_path, convert):
    pytest.importorskip('h5py')
    for name in ('train', 'test'):
        (tmp_path / f'COFW_{name}_color.mat').write_text('no')
    code, _, err = convert('cofw.py', tmp_path, tmp_path / 'out')
    assert code == 1 and 'COFW_train_color.mat: expected a MATLAB 7.3' in err


# --- AFLW


def aflw(root, **changes):
    scipy_io = pytest.importorskip('scipy.io')
    names = np.empty((3, 1), dtype=object)
    for i in range(3):
        names[i, 0] = f'{i}/image{i}.jpg'
        image(root / f'flickr/{i}/image{i}.jpg')
    mask = np.ones((3, 19))
    mask[2, 4] = 0
    arrays = dict(
        nameList=names,
        data=np.stack([points(19, i).T.ravel() for i in range(3)]),
        mask_new=mask,
        bbox=np.tile([10.0, 50.0, 5.0, 47.0], (3, 1)),
        ra=np.array([[2, 1, 3]]),
    )
    arrays.update(changes)
    scipy_io.savemat(root / 'AFLWinfo_release.mat', {key: value for key, value in arrays.items() if value is not None})
    return root


def test_aflw_loads_with_box_size_and_frontal_subset(tmp_path, convert):
    code, out, _ = convert('aflw.py', aflw(tmp_path / 'raw'), tmp_path / 'out', '--num-train', 1)
    assert code == 0 and 'test: 2 faces; WARNING: the official list has 4,386' in out
    train, test = (
        load('AFLWSubsetDataset', tmp_path / 'out', f'face_landmarks_aflw_{split}.json') for split in ('train', 'test')
    )
    np.testing.assert_allclose(train[0]['keypoints'][0], points(19, 1), rtol=1e-6)  # ra names the second face first
    assert [sample['raw_ann_info']['subsets'] for sample in test] == [['frontal'], []]
    assert test[0]['box_size'] == 42 and test[0]['bbox'].tolist() == [[9, 5, 51, 47]]
    assert test[1]['keypoints_visible'].all()


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(mask_new=None), "['mask_new'] missing"),
        (dict(data=np.zeros((3, 40))), 'data must have the shape (3, 38), got (3, 40)'),
        (dict(ra=np.array([[1, 1, 3]])), 'ra must hold each of 1 ... 3 once'),
        (dict(bbox=np.tile([50.0, 10.0, 5.0, 47.0], (3, 1))), 'face 2: the box must be left < right'),
        (dict(data=np.full((3, 38), np.nan)), 'data must hold finite coordinates'),
        (dict(data=np.full((3, 38), 5000.0)), 'face 2: 5000 is far outside'),
        (dict(bbox=np.tile([np.nan, 50.0, 5.0, 47.0], (3, 1))), 'face 2: the box must be left < right'),
        (dict(data=np.full((3, 38), 'x', object)), 'numbers in the other arrays'),
    ],
)
def test_a_bad_array_of_aflw_is_named(tmp_path, convert, changes, message):
    code, _, err = convert('aflw.py', aflw(tmp_path / 'raw', **changes), tmp_path / 'out')
    assert code == 1 and 'AFLWinfo_release.mat' in err and message in err and not (tmp_path / 'out').exists()


def test_a_box_of_aflw_that_leaves_the_image_keeps_its_size_but_its_part_inside_is_the_bbox(tmp_path, convert):
    raw = aflw(tmp_path / 'raw', bbox=np.tile([-10.0, 50.0, -20.0, 40.0], (3, 1)))
    assert convert('aflw.py', raw, tmp_path / 'out', '--num-train', 1)[0] == 0
    path = tmp_path / 'out/annotations/face_landmarks_aflw_test.json'
    assert_inside(path)
    _, face = entries(path)[0]
    assert face['bbox'] == [0, 0, 50, 40] and face['center'] == [20, 10] and face['box_size'] == 60


def test_a_missing_image_of_aflw_is_named(tmp_path, convert):
    raw = aflw(tmp_path / 'raw')
    (raw / 'flickr/2/image2.jpg').unlink()
    code, _, err = convert('aflw.py', raw, tmp_path / 'out')
    assert code == 1 and 'face 3: no image' in err


def test_a_file_that_is_not_of_matlab_is_named(tmp_path, convert):
    (tmp_path / 'flickr').mkdir()
    (tmp_path / 'AFLWinfo_release.mat').write_text('no')
    code, _, err = convert('aflw.py', tmp_path, tmp_path / 'out')
    assert code == 1 and 'AFLWinfo_release.mat' in err
