"""Two crops of a face, and its landmarks where they are in each."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from fra_plugin.datasets.landmarks.landmark_faces import LandmarkFaces, cut
from fra_plugin.datasets.landmarks.landmark_json import LandmarkJson


@pytest.fixture
def faces(tmp_path):
    """Three black images with white 5 x 5 squares around four landmarks; the last landmark of the last is unknown."""
    rng = np.random.default_rng(0)
    annotations = LandmarkJson()
    for index in range(3):
        image = np.zeros((120, 160, 3), np.uint8)
        points = rng.integers(20, 100, (4, 2)).astype(float)
        for x, y in points.astype(int):
            image[y - 2 : y + 3, x - 2 : x + 3] = 255
        cv2.imwrite(str(tmp_path / f'{index}.png'), image)
        annotations.add(f'{index}.png', (160, 120), points, np.array([1, 1, 1, int(index < 2)]))
    annotations.write(str(tmp_path / 'faces.json'))
    return dict(ann_file=str(tmp_path / 'faces.json'), data_prefix=str(tmp_path))


def test_landmarks_lie_on_the_face_in_both_views(faces):
    dataset = LandmarkFaces(**faces, size=96)
    assert (len(dataset), dataset.num_landmarks) == (3, 4)
    for face in dataset:
        assert face['inputs'].shape == (2, 3, 96, 96) and face['inputs'].dtype == torch.uint8
        for image, points in zip(face['inputs'], face['landmarks']):
            for x, y in points[points.isfinite().all(dim=1)].round().long().tolist():
                if 0 <= x < 96 and 0 <= y < 96:
                    assert image[0, y, x] > 200
        assert (
            (face['landmarks'][0] >= 0) & (face['landmarks'][0] < 96)
        ).sum() >= 6  # the first view has the whole face


def test_views_differ_and_are_the_same_each_time(faces):
    first, second = LandmarkFaces(**faces), LandmarkFaces(**faces)
    assert torch.equal(first[1]['inputs'], second[1]['inputs'])
    assert not torch.equal(first[1]['inputs'][0], first[1]['inputs'][1])


def test_unknown_landmarks_are_not_a_number(faces):
    unknown = LandmarkFaces(**faces)[2]['landmarks'].isnan()
    assert unknown[:, 3].all() and not unknown[:, :3].any()


def test_few_faces_are_spread_over_the_file(faces):
    dataset = LandmarkFaces(**faces, max_faces=2)
    assert [path[-5:] for path, _ in dataset.faces] == ['0.png', '2.png']


def test_pixel_centres_map_to_pixel_centres():
    image = np.zeros((40, 40, 3), np.uint8)
    view, points = cut(image, np.array([[10.0, 10.0], [11.5, 11.5]]), np.array([15.0, 15.0]), 10, 20)
    np.testing.assert_allclose(points, [[0.5, 0.5], [3.5, 3.5]])  # pixel 10 covers 0 and 1 of the doubled view


def test_beyond_the_border_the_last_pixels_are_repeated():
    image = np.arange(16, dtype=np.uint8).reshape(4, 4)[..., None].repeat(3, 2)
    view, _ = cut(image, np.zeros((1, 2)), np.array([0.0, 0.0]), 4, 4)
    assert view[..., 0].tolist() == [[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1], [4, 4, 4, 5]]


@pytest.mark.parametrize(
    'content, message',
    [
        ('{', 'expected json'),
        ('[]', 'expected "images"'),
        ('{"images": [], "annotations": [{"image_id": 3}]}', 'annotations\\[0\\] with image_id 3'),
        ('{"images": [], "annotations": []}', 'no face'),
        (
            json.dumps(
                dict(images=[dict(id=0, file_name='../a.png')], annotations=[dict(image_id=0, keypoints=[1, 1, 1])])
            ),
            r'\.\./a.png',
        ),
        (
            json.dumps(
                dict(
                    images=[dict(id=0, file_name='a.png')],
                    annotations=[dict(image_id=0, keypoints=[1, 1, 1]), dict(image_id=0, keypoints=[1, 1, 1, 2, 2, 1])],
                )
            ),
            r'annotations\[1\] \(a.png\): expected 1 landmarks in keypoints, got 2',
        ),
    ],
)
def test_bad_files_are_refused_by_name(tmp_path, content, message):
    path = tmp_path / 'bad.json'
    path.write_text(content)
    with pytest.raises(ValueError, match=message) as error:
        LandmarkFaces(str(path), str(tmp_path))
    assert 'bad.json' in str(error.value)


def changed(faces, change, entry='annotations'):
    content = json.loads(Path(faces['ann_file']).read_text())
    change(content[entry][1])
    Path(faces['ann_file']).write_text(json.dumps(content))


@pytest.mark.parametrize('value', [99999, -99999, 1e308, float('nan'), float('inf'), None, 'x', 10**400])
@pytest.mark.parametrize('sized', [True, False])
def test_a_landmark_that_is_no_place_in_the_image_is_named(faces, value, sized):
    changed(faces, lambda face: face['keypoints'].__setitem__(4, value))
    if not sized:
        changed(faces, lambda image: (image.pop('width'), image.pop('height')), 'images')
    with pytest.raises(ValueError, match=r'faces.json: annotations\[1\] \(1.png\): landmark 1 must be two numbers'):
        LandmarkFaces(**faces)


def test_without_sizes_in_the_file_those_of_the_images_count(faces):
    changed(faces, lambda image: (image.pop('width'), image.pop('height')), 'images')
    assert len(LandmarkFaces(**faces)) == 3
    changed(faces, lambda face: face['keypoints'].__setitem__(0, 400))
    with pytest.raises(ValueError, match=r'annotations\[1\].* image of 160 x 120 pixels'):
        LandmarkFaces(**faces)


@pytest.mark.parametrize('width', [0, -5, None, 10**9, 'wide'])
def test_an_image_of_no_size_is_named(faces, width):
    changed(faces, lambda image: image.update(width=width), 'images')
    with pytest.raises(ValueError, match=r'annotations\[1\] \(1.png\): width and height must be in 1 to 65535'):
        LandmarkFaces(**faces)


@pytest.mark.parametrize('part', ['images', 'annotations'])
def test_an_id_that_comes_twice_is_refused(faces, part):
    changed(faces, lambda entry: entry.update(id=0, image_id=0), part)
    with pytest.raises(ValueError, match=f'faces.json: expected .*{part} of which 2 have the id 0'):
        content = json.loads(Path(faces['ann_file']).read_text())
        content['annotations'] = [dict(face, image_id=0) for face in content['annotations']]
        Path(faces['ann_file']).write_text(json.dumps(content))
        LandmarkFaces(**faces)


def test_landmarks_of_a_photo_that_was_not_turned_upright_are_refused(faces, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(tmp_path / '1.png').save(tmp_path / '1.png', exif=exif)
    with pytest.raises(ValueError, match=r'1.png is 120 x 160 pixels as its EXIF .* the file says 160 x 120'):
        LandmarkFaces(**faces)
    changed(faces, lambda image: image.update(width=120, height=160), 'images')
    assert len(LandmarkFaces(**faces)) == 3


def test_landmarks_that_are_not_labelled_may_lie_anywhere(faces):
    changed(faces, lambda face: face['keypoints'].__setitem__(slice(3), [0, 99999, 0]))
    assert LandmarkFaces(**faces)[1]['landmarks'][:, 0].isnan().all()


def test_faces_without_a_landmark_are_left_out_and_told(faces, log):
    changed(faces, lambda face: face.update(keypoints=[0] * 12))
    assert len(LandmarkFaces(**faces)) == 2
    assert len(log) == 1 and 'faces without a labelled landmark: 1' in log[0]


def test_no_image_lies_behind_a_symbolic_link(faces, tmp_path, tmp_path_factory):
    outside = tmp_path_factory.mktemp('outside') / '1.png'
    (tmp_path / '1.png').rename(outside)
    (tmp_path / '1.png').symlink_to(outside)
    with pytest.raises(ValueError, match='1.png leaves .*symbolic link'):
        LandmarkFaces(**faces)
    assert len(LandmarkFaces(**faces, follow_links=True)) == 3


def test_missing_files_and_no_faces_are_refused(faces, tmp_path):
    with pytest.raises(
        FileNotFoundError, match='no landmark file .*nowhere.json; tools/dataset_converters/wflw.py, w300.py'
    ):
        LandmarkFaces(str(tmp_path / 'nowhere.json'), str(tmp_path))
    (tmp_path / '1.png').unlink()
    with pytest.raises(FileNotFoundError, match='1.png'):
        LandmarkFaces(**faces)
    with pytest.raises(ValueError, match='max_faces'):
        LandmarkFaces(**faces, max_faces=0)
