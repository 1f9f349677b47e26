"""Two crops of a face, and its landmarks where they are in each."""

import json

import cv2
import numpy as np
import pytest
import torch

from fra_plugin.datasets.labelled.landmark_faces import LandmarkFaces, cut
from fra_plugin.datasets.labelled.landmark_json import LandmarkJson


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
        ('{"images": [], "annotations": [{"image_id": 3}]}', 'KeyError: 3'),
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
            r'\[1, 2\]',
        ),
    ],
)
def test_bad_files_are_refused_by_name(tmp_path, content, message):
    path = tmp_path / 'bad.json'
    path.write_text(content)
    with pytest.raises(ValueError, match=message) as error:
        LandmarkFaces(str(path), str(tmp_path))
    assert 'bad.json' in str(error.value)


def test_missing_files_and_no_faces_are_refused(faces, tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.json'):
        LandmarkFaces(str(tmp_path / 'nowhere.json'), str(tmp_path))
    (tmp_path / '1.png').unlink()
    with pytest.raises(FileNotFoundError, match='1.png'):
        LandmarkFaces(**faces)
    with pytest.raises(ValueError, match='max_faces'):
        LandmarkFaces(**faces, max_faces=0)
