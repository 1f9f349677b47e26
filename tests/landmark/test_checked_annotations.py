"""Annotation files of mmpose's face data sets: an entry that can't be right is named when the file is read."""

import json

import cv2
import numpy as np
import pytest

pytest.importorskip('mmpose')

from mmpose.registry import DATASETS

import fra_plugin.landmark  # noqa: F401
from fra_plugin.datasets.landmarks.landmark_json import LandmarkJson

KINDS = {
    'WFLWDataset': 98,
    'Face300WDataset': 68,
    'Face300WSubsetDataset': 68,
    'AFLWDataset': 19,
    'COFWDataset': 29,
    'LapaDataset': 106,
    'CocoWholeBodyFaceDataset': 68,
}


@pytest.fixture
def faces(tmp_path):
    """Writes two faces, the second one with changes, and loads them as mmpose's configs do."""

    def load(kind, change=lambda face, image: None, num_points=None, **arguments):
        written = LandmarkJson()
        for seed in range(2):
            cv2.imwrite(str(tmp_path / f'{seed}.png'), np.zeros((64, 64, 3), np.uint8))
            points = np.random.default_rng(seed).uniform(10, 50, (num_points or KINDS[kind], 2))
            written.add(f'{seed}.png', (64, 64), points, box_size=40.0)
        written.write(str(tmp_path / 'faces.json'))
        content = json.loads((tmp_path / 'faces.json').read_text())
        for face in content['annotations']:
            if kind.startswith('Coco'):
                face.update(face_kpts=face.pop('keypoints'), face_box=face.pop('bbox'), face_valid=True)
        change(content['annotations'][1], content['images'][1])
        (tmp_path / 'faces.json').write_text(json.dumps(content))
        config = dict(type=f'mmpose.{kind}', ann_file=str(tmp_path / 'faces.json'), data_prefix=dict(img=str(tmp_path)))
        return DATASETS.build(dict(config, pipeline=[], **arguments))

    return load


def points_of(face):
    return face['face_kpts' if 'face_kpts' in face else 'keypoints']


@pytest.mark.parametrize('kind', KINDS)
def test_sound_files_load(faces, kind):
    assert len(faces(kind)) == len(faces(kind, test_mode=True)) == 2


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('value', [99999, float('nan'), None])
def test_a_landmark_that_is_no_place_in_the_image_is_named(faces, kind, value):
    with pytest.raises(ValueError, match=r'faces.json: annotations\[1\] \(1.png\): landmark 2 must be two numbers'):
        faces(kind, lambda face, _: points_of(face).__setitem__(7, value))


@pytest.mark.parametrize('kind', KINDS)
def test_a_face_with_a_landmark_too_few_is_named(faces, kind):
    expected = rf'annotations\[1\] \(1.png\): expected {KINDS[kind]} landmarks in \w+, got {KINDS[kind] - 1}'
    with pytest.raises(ValueError, match=expected):
        faces(kind, lambda face, _: points_of(face).__delitem__(slice(3)))
    with pytest.raises(ValueError, match=rf'annotations\[0\].*expected {KINDS[kind]} landmarks in \w+, got 5'):
        faces(kind, num_points=5)


@pytest.mark.parametrize(
    'kind, entry, value',
    [
        ('COFWDataset', 'bbox', None),
        ('COFWDataset', 'bbox', [1, 2, 3]),
        ('COFWDataset', 'bbox', [1, 2, float('inf'), 4]),
        ('CocoWholeBodyFaceDataset', 'face_box', None),
        ('Face300WDataset', 'center', [1, None]),
        ('Face300WDataset', 'scale', None),
        ('Face300WDataset', 'scale', 5000),
        ('Face300WDataset', 'scale', [1, 1]),
        ('AFLWDataset', 'box_size', float('nan')),
    ],
)
def test_a_box_that_is_none_is_named(faces, kind, entry, value):
    with pytest.raises(ValueError, match=rf'faces.json: annotations\[1\] \(1.png\): {entry} '):
        faces(kind, lambda face, _: face.update({entry: value}), test_mode=True)


@pytest.mark.parametrize(
    'kind, entry', [('WFLWDataset', 'center'), ('LapaDataset', 'bbox'), ('AFLWDataset', 'box_size')]
)
def test_a_missing_entry_is_named(faces, kind, entry):
    with pytest.raises(ValueError, match=rf'annotations\[1\] \(1.png\) has no {entry}'):
        faces(kind, lambda face, _: face.pop(entry), test_mode=True)


def test_no_image_lies_outside_the_folder(faces):
    with pytest.raises(ValueError, match=r"faces.json: expected the path of an image inside .*'\.\./1.png'"):
        faces('WFLWDataset', lambda _, image: image.update(file_name='../1.png'))


def test_faces_that_mmpose_passes_over_are_told(faces, log):
    assert len(faces('WFLWDataset', lambda face, _: face.update(iscrowd=1))) == 1
    assert [record for record in log if 'left out: 1 of 2 faces' in record]


def test_data_sets_of_bodies_are_left_alone(tmp_path):
    body = dict(id=0, image_id=0, category_id=1, bbox=[0, 0, 9, 9], keypoints=[99999] * 51, num_keypoints=17)
    image = dict(id=0, file_name='../0.png', width=9, height=9)
    content = dict(images=[image], annotations=[body], categories=[dict(id=1, name='person')])
    (tmp_path / 'bodies.json').write_text(json.dumps(content))
    assert len(DATASETS.build(dict(type='mmpose.CocoDataset', ann_file=str(tmp_path / 'bodies.json')))) == 1
