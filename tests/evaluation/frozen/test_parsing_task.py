"""Face parsing from frozen maps: true maps parse, noise does not, and the numbers are those of the counted pixels."""

from pathlib import Path

import cv2
import face_layouts
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config

from fra_plugin.evaluation.frozen.pixel_probe import hog_map, pixel_features, predict_pixels
from fra_plugin.evaluation.frozen.tasks import ParsingTask
from fra_plugin.evaluation.parsing_scores import count_pixels, parsing_scores

pytest.importorskip('sklearn')
FROZEN = Path(__file__).resolve().parents[3] / 'configs/transfer/frozen'


def test_scores_are_those_of_the_formulas():
    rng = np.random.default_rng(0)
    predicted, truth = rng.integers(0, 3, (2, 5, 8, 8))
    scores = parsing_scores(count_pixels(predicted, truth, 4), ['background', 'a', 'b', 'nobody'])
    iou = [((predicted == c) & (truth == c)).sum() / ((predicted == c) | (truth == c)).sum() for c in range(3)]
    f1 = [2 * ((predicted == c) & (truth == c)).sum() / ((predicted == c).sum() + (truth == c).sum()) for c in range(3)]
    assert scores['mIoU'] == pytest.approx(100 * np.mean(iou))
    assert scores['mF1'] == pytest.approx(100 * np.mean(f1[1:]))
    assert scores['F1 a'] == pytest.approx(100 * f1[1]) and 'F1 nobody' not in scores


def test_pixels_have_the_values_of_the_resized_map():
    maps = np.random.default_rng(0).normal(size=(3, 4, 5, 5)).astype(np.float32)
    resized = F.interpolate(torch.from_numpy(maps), (16, 16), mode='bilinear').numpy().reshape(3, 4, -1)
    places = np.array([[0, 255, 17], [15, 240, 100], [3, 60, 61]])
    expected = np.stack([resized[i][:, places[i]].T for i in range(3)])
    assert np.allclose(pixel_features(maps, places, 16), expected, atol=1e-5)


def test_blocks_of_hog_lie_on_a_regular_grid():
    """A face with one edge: the strongest block is the one around it, and mirrored faces have mirrored maps."""
    pytest.importorskip('skimage')
    image = np.zeros((96, 96, 3), np.uint8)
    image[:, 60:] = 200
    found, mirrored = hog_map(np.stack([image, image[:, ::-1]]))
    assert found.shape == (32, 12, 12)
    strength = np.abs(found).sum(axis=(0, 1))
    assert abs(strength.argmax() - 60 / 8) <= 1
    assert np.allclose(strength, np.abs(mirrored).sum(axis=(0, 1))[::-1], atol=1e-3)


@pytest.fixture
def faces(tmp_path):
    """Drawn faces' layout; the nose is a square whose place differs from face to face."""
    return face_layouts.synthetic_regions(tmp_path / 'drawn', train=12, val=4)


def task(faces, **options):
    data = dict(type='SyntheticRegions', data_root=str(faces))
    return ParsingTask(dict(data, split='train'), dict(data, split='val'), **dict(dict(size=32), **options))


def truth(parsing):
    return parsing._label_maps(list(range(len(parsing.faces(0)))))


def test_the_parts_as_map_parse_and_noise_does_not(faces):
    parsing = task(faces)
    labels = truth(parsing)
    perfect = np.eye(17, dtype=np.float32)[labels].transpose(0, 3, 1, 2)
    assert parsing.score(perfect, 1.0, 0)[''] > 95
    noise = np.random.default_rng(0).normal(size=(16, 4, 8, 8)).astype(np.float32)
    scores = parsing.score(noise, 1.0, 0)
    assert scores['F1 nose'] < 20 and set(scores) == {'', 'mF1', 'F1 background', 'F1 nose'}
    assert scores[''] <= parsing.guess(1.0, 0)[''] + 5


def test_a_quarter_of_the_labels_is_learnt_from(faces):
    """The labels of all training faces but those that are kept are wrong."""
    parsing = task(faces)
    perfect = np.eye(17, dtype=np.float32)[truth(parsing)].transpose(0, 3, 1, 2)
    kept = parsing._kept(0.25, 1)
    assert len(kept) == 3
    for face in set(range(12)) - set(kept):
        parsing._labels[face] = np.full((32, 32), 5, np.uint8)
    assert parsing.score(perfect, 0.25, 1)[''] > 95
    assert parsing.score(perfect, 1.0, 1)[''] < 50


def test_the_guess_is_the_most_frequent_part_of_each_place(faces):
    parsing = task(faces)
    labels = truth(parsing)
    votes = np.stack([(labels[:12] == c).sum(0) for c in range(17)]).argmax(0)
    counts = count_pixels(np.stack([votes] * 4), labels[12:], 17)
    assert parsing.guess(1.0, 0)[''] == pytest.approx(parsing_scores(counts, parsing.classes)['mIoU'])


def test_training_faces_are_spread_over_the_set(faces):
    parsing = task(faces, max_train=3)
    names = [path.rpartition('/')[2] for path in parsing.faces(0)]
    assert names[:3] == ['0000.jpg', '0006.jpg', '0011.jpg'] and len(names) == 7
    assert len(parsing.files()) == 14


def test_one_class_is_a_prediction_too():
    maps = np.random.default_rng(0).normal(size=(4, 2, 3, 3)).astype(np.float32)
    assert (predict_pixels(maps, np.full((4, 6, 6), 3), maps, num_classes=5, pixels=4) == 3).all()


@pytest.mark.parametrize(
    'config, layout, classes',
    [
        ('synthetic_frozen.py', face_layouts.synthetic_regions, 17),
        ('lapa_frozen.py', face_layouts.lapa, 11),
        ('celebamask-hq_frozen.py', face_layouts.celeba_mask_hq, 19),
    ],
)
def test_the_shipped_task_reads_the_official_layout(config, layout, classes, tmp_path):
    tasks = Config.fromfile(FROZEN / config).tasks.to_dict()
    definition = tasks['parsing']
    for part in ('train', 'test'):
        definition[part]['data_root'] = str(tmp_path)
    layout(tmp_path)
    assert (
        definition.pop('type') == 'parsing' and definition['train']['split'] == 'train' != definition['test']['split']
    )
    parsing = ParsingTask(**definition)
    faces = len(parsing.faces(0))
    assert len(parsing.classes) == classes and 0 < parsing.num_train < faces
    assert 0 < parsing.guess(1.0, 0)[''] <= 100
    scores = parsing.score(np.zeros((faces, 1, 2, 2), np.float16), 0.5, 0)  # features that say nothing
    assert 0 < scores[''] <= 100 and 'mF1' in scores


def test_faces_without_label_maps_and_other_classes_are_refused(faces, tmp_path):
    data = dict(type='SyntheticRegions', data_root=str(faces))
    rafdb = dict(type='RAFDB', data_root=str(face_layouts.rafdb(tmp_path / 'rafdb')))
    with pytest.raises(ValueError, match='label maps'):
        ParsingTask(rafdb, dict(rafdb, split='test'))
    lapa = dict(type='LaPa', data_root=str(face_layouts.lapa(tmp_path / 'lapa')))
    with pytest.raises(ValueError, match='the test part has the 11 classes'):
        ParsingTask(data, dict(lapa, split='test'))


def test_a_label_map_that_changes_is_noticed(faces):
    parsing = task(faces)
    assert {path.rpartition('.')[2] for path in parsing.files()} == {'jpg', 'png'}
    label = next(path for path in parsing.files() if path.endswith('.png'))
    cv2.imwrite(label, np.full((24, 24), 200, np.uint8))
    with pytest.raises(ValueError, match=f'{label}: expected labels from 0 to 16, got 200'):
        parsing.score(np.zeros((16, 1, 2, 2)), 1.0, 0)
