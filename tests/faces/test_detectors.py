"""Detectors: they find drawn and real faces, in pixels of the photo, and say what they lack."""

import csv

import cv2
import numpy as np
import pytest
from made_photos import photo

from fra_plugin.datasets import FaceCrop
from fra_plugin.faces import DetectedFace, Detector, HaarCascade, find_detector

PLACES = ((20, 30, 128), (180, 100, 100))


def inside(face, x, y, side):
    left, top, right, bottom = face.box
    return x < (left + right) / 2 < x + side and y < (top + bottom) / 2 < y + side and right - left < 1.2 * side


def test_mtcnn_finds_drawn_faces_and_their_points_the_largest_first():
    pytest.importorskip('facenet_pytorch')
    faces = find_detector('mtcnn')(photo(*PLACES))
    assert [inside(face, *place) for face, place in zip(faces, PLACES)] == [True, True] and len(faces) == 2
    for face in faces:
        left_eye, right_eye, nose, left_mouth, right_mouth = face.points
        assert left_eye[0] < nose[0] < right_eye[0] and left_mouth[0] < right_mouth[0]
        assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


def test_the_cascade_finds_a_drawn_face_and_has_no_points():
    faces = find_detector('haar')(photo(PLACES[0]))
    assert inside(faces[0], *PLACES[0]) and faces[0].points is None and not HaarCascade.has_points


@pytest.mark.parametrize('name', ['haar', 'mtcnn'])
@pytest.mark.parametrize('shape', [(1, 1), (8, 300), (19, 19), (64, 64)])
def test_a_picture_without_a_face_gives_none(name, shape):
    if name == 'mtcnn':
        pytest.importorskip('facenet_pytorch')
    assert find_detector(name)(np.full((*shape, 3), 90, np.uint8)) == []


def test_yunet_finds_what_its_model_file_knows(tmp_path):
    pytest.importorskip('onnx')
    from made_yunet import BOX, POINTS, made_yunet

    detector = find_detector('yunet', made_yunet(tmp_path / 'yunet.onnx'))
    picture = np.zeros((120, 210, 3), np.uint8)
    picture[40:48, 96:104] = 255
    (face,) = detector(picture)
    np.testing.assert_allclose(
        face.box, [96 - BOX[0] / 2, 40 - BOX[1] / 2, 96 + BOX[0] / 2, 40 + BOX[1] / 2], atol=0.01
    )
    np.testing.assert_allclose(face.points, np.array(POINTS) + (96, 40), atol=0.01)
    assert face.score > 0.99 and detector.facts()['model'] != HaarCascade().facts()


def test_yunet_refuses_what_is_no_model_of_its_kind(tmp_path):
    with pytest.raises(FileNotFoundError, match='no model file of YuNet .*none.onnx'):
        find_detector('yunet', str(tmp_path / 'none.onnx'))
    (tmp_path / 'text.onnx').write_text('no model')
    with pytest.raises(ValueError, match='text.onnx is no model of YuNet'):
        find_detector('yunet', str(tmp_path / 'text.onnx'))


def test_mmdet_finds_faces_by_a_config_and_its_weights(tmp_path):
    try:
        from mmdet.apis import init_detector
    except ImportError:
        pytest.skip('no mmdet with the operators of mmcv')
    import torch

    config = tmp_path / 'yolox.py'
    model = 'dict(bbox_head=dict(num_classes=1), test_cfg=dict(score_thr=0.0))'
    config.write_text(f"_base_ = 'mmdet::yolox/yolox_tiny_8xb8-300e_coco.py'\nmodel = {model}\n")
    torch.manual_seed(0)
    model = init_detector(str(config), None, device='cpu')
    torch.save(dict(state_dict=model.state_dict(), meta=dict()), tmp_path / 'yolox.pth')
    found = find_detector('mmdet', str(config), str(tmp_path / 'yolox.pth'), min_score=0.0, min_size=0)(
        photo(PLACES[0])
    )
    assert found and all(len(face.box) == 4 and face.points is None for face in found)
    strict = find_detector('mmdet', str(config), str(tmp_path / 'yolox.pth'), min_score=1.0)
    assert strict(photo(PLACES[0])) == []


class OneFace(Detector):
    """Always finds the same box and points, and remembers what it was shown."""

    def find(self, image):
        self.shape = image.shape[:2]
        return [DetectedFace((10, 20, 30, 40), 0.9, np.full((5, 2), 9.5)), DetectedFace((0, 0, 3, 3), 0.6)]


def test_boxes_and_points_are_in_pixels_of_the_photo_however_it_was_shrunk():
    detector = OneFace(largest_side=100)
    (face,) = detector(np.zeros((200, 400, 3), np.uint8))
    assert detector.shape == (50, 100)
    assert face.box == (40, 80, 120, 160)
    np.testing.assert_allclose(face.points, 39.5)  # a pixel's centre stays a centre
    assert OneFace(min_score=0.95)(np.zeros((9, 9, 3), np.uint8)) == []
    assert len(OneFace(min_size=2)(np.zeros((9, 9, 3), np.uint8))) == 2


def test_real_faces_are_found_and_their_points_are_close(real_data):
    pytest.importorskip('facenet_pytorch')
    detector = find_detector('mtcnn')
    with open(real_data / 'lfw_color5pt' / 'attributes.csv', newline='') as file:
        rows = [row for row in csv.DictReader(file) if row['leye_x'] and row['split'] == 'val'][:12]
    errors, found = [], 0
    for row in rows:
        picture = cv2.imread(str(real_data / 'lfw_color5pt/images' / row['file_name']))
        true = np.array(
            [[float(row[f'{point}_{axis}']) for axis in 'xy'] for point in ('leye', 'reye', 'nose', 'lmouth', 'rmouth')]
        )
        faces = detector(picture)
        if faces:
            found += 1
            errors.append(np.linalg.norm(faces[0].points - true, axis=1).mean() / np.linalg.norm(true[0] - true[1]))
            square = FaceCrop(112, 0.0, 'similarity').square(faces[0].box, faces[0].points)
            assert abs(square.angle) < 45 and 80 < square.side < 160
    assert found >= 11 and np.median(errors) < 0.08


def test_wrong_choices_are_refused():
    with pytest.raises(ValueError, match="one of auto, mtcnn, yunet, haar, mmdet, got 'dlib'"):
        find_detector('dlib')
    with pytest.raises(ValueError, match='yunet needs the onnx file, got none'):
        find_detector('yunet')
    with pytest.raises(ValueError, match='haar needs no file, got a.xml'):
        find_detector('haar', 'a.xml')
    with pytest.raises(ValueError, match='mmdet needs the config and the weights, got a.py'):
        find_detector('mmdet', 'a.py')
    with pytest.raises(FileNotFoundError, match='no file a.py'):
        find_detector('mmdet', 'a.py', 'b.pth')
    with pytest.raises(ValueError, match='min_size must be at least 0 pixels, got -1'):
        find_detector('haar', min_size=-1)
    with pytest.raises(ValueError, match='min_score must be a number, got nan'):
        find_detector('haar', min_score=float('nan'))
    with pytest.raises(ValueError, match='largest_side must be at least 32 pixels, got nan'):
        find_detector('haar', largest_side=float('nan'))


def test_without_its_package_mtcnn_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, 'facenet_pytorch', None)
    with pytest.raises(ImportError, match='pip install --no-deps facenet-pytorch'):
        find_detector('mtcnn')
