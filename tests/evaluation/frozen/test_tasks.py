"""Tasks for frozen features: a perfect descriptor earns a perfect number, labels are drawn as asked, pairs are fair."""

import json

import cv2
import face_layouts
import numpy as np
import pytest

from fra_plugin.evaluation.frozen.tasks import (
    ClassTask,
    LandmarkTask,
    NeighbourTask,
    NumberTask,
    PairTask,
    RegionTask,
    draw_pairs,
)
from fra_plugin.evaluation.regions.region_consistency import landmark_groups


@pytest.fixture
def landmarks(tmp_path):
    """Twelve faces; each is a grey image with a white dot at the outer corner of its left eye."""
    rng = np.random.default_rng(0)
    shape = rng.uniform(60, 140, (68, 2))
    shape[36], shape[45] = (70, 80), (130, 80)
    for part, count in dict(train=8, test=4).items():
        images, faces = [], []
        for i in range(count):
            points = shape + rng.uniform(-5, 5, 2)
            image = np.full((200, 200, 3), 100, np.uint8)
            cv2.circle(image, tuple(int(v) for v in points[36].round()), 2, (255, 255, 255), -1)
            cv2.imwrite(str(tmp_path / f'{part}{i}.png'), image)
            images.append(dict(id=i, file_name=f'{part}{i}.png'))
            faces.append(dict(image_id=i, keypoints=np.column_stack([points, np.ones(68)]).ravel().tolist()))
        (tmp_path / f'{part}.json').write_text(json.dumps(dict(images=images, annotations=faces)))
    return LandmarkTask(str(tmp_path / 'train.json'), str(tmp_path / 'test.json'), str(tmp_path), size=100)


def test_crops_show_the_landmarks_where_they_are_scored(landmarks):
    faces = landmarks.faces(0)
    assert len(faces) == 12 and all(face.shape == (100, 100, 3) for face in faces)
    points = landmarks._crops(0)[1]
    for face, (x, y) in zip(faces, points[:, 36]):
        row, column = np.argwhere(face[..., 0] > 200).mean(axis=0)
        assert (column, row) == pytest.approx((x, y), abs=1.5)
    assert all((points > 0).all(axis=1).all(axis=1)) and (points < 100).all()


def test_a_seed_gives_the_same_crops_and_another_one_others(landmarks):
    first, again, other = (np.stack(landmarks.faces(seed)) for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_the_crops_of_mmpose_are_in_the_centre_and_the_same_for_every_seed(landmarks, tmp_path):
    files = [str(tmp_path / name) for name in ('train.json', 'test.json')]
    task = LandmarkTask(*files, str(tmp_path), size=100, off_centre=False)
    assert task.fixed_faces and not landmarks.fixed_faces
    assert task.has_draws(0.5) and not task.has_draws(1.0) and landmarks.has_draws(1.0)
    first, other = (np.stack(task.faces(seed)) for seed in (0, 1))
    assert np.array_equal(first, other)
    points = task._crops(0)[1]
    low, high = points.min(axis=1), points.max(axis=1)
    np.testing.assert_allclose((low + high) / 2, 49.5, atol=1)
    np.testing.assert_allclose((high - low).max(axis=1), 100 / 1.25, atol=1.5)


def test_a_feature_that_few_labelled_faces_have_does_not_spoil_the_landmarks(landmarks):
    """It is 0 in the labelled face but for a trace, and large in the test faces."""
    features = np.concatenate([landmarks._crops(0)[1].reshape(12, -1), np.zeros((12, 1))], axis=1)
    kept = landmarks._kept(0.5, 0)
    features[kept[0], -1] = 1e-3
    features[[place for place in range(8) if place not in kept] + [8, 9, 10, 11], -1] = 5
    plain = landmarks.score(landmarks.prepare(features[:, :-1]), 0.5, 0)
    assert landmarks.score(landmarks.prepare(features), 0.5, 0) < 2 * plain


def test_true_landmarks_as_features_beat_the_mean_shape(landmarks):
    features = landmarks.prepare(landmarks._crops(0)[1].reshape(12, -1))
    assert landmarks.score(features, 1.0, 0) < 0.2 * landmarks.guess(1.0, 0)
    assert landmarks.guess(1.0, 0) > 1


@pytest.fixture
def regions(landmarks, tmp_path):
    return RegionTask(str(tmp_path / 'test.json'), str(tmp_path), size=96, num_regions=4)


def test_regions_that_are_the_facial_parts_get_the_best_number(regions):
    """Heatmaps as fine as the image, whose region is the part of the next landmark: all landmarks get their part."""
    faces = regions.faces(0)
    assert len(faces) == 8 and all(face.shape == (96, 96, 3) and face.dtype == np.uint8 for face in faces)
    groups = landmark_groups(68)
    grid = np.stack(np.meshgrid(np.arange(96), np.arange(96)), axis=-1).reshape(-1, 1, 2)
    heatmaps = []
    for points in regions._landmarks.numpy():
        nearest = ((grid - points) ** 2).sum(-1).argmin(1)
        heatmaps.append(np.eye(6, dtype=np.float32)[groups[nearest]].T.reshape(6, 96, 96))
    assert regions.score(np.stack(heatmaps), 1.0, 0) > 0.9
    everywhere = np.zeros((8, 6, 96, 96), np.float32)
    everywhere[:, 2] = 1
    assert regions.score(everywhere, 1.0, 0) == 0
    assert 0 < regions.guess(1.0, 0) < 0.9


def write_csv(folder, column, labels, train):
    rows = [['path', column, 'split']]
    for i, label in enumerate(labels):
        face_layouts.face(folder / f'{i}.jpg', i)
        rows.append([f'{i}.jpg', label, 'train' if i < train else 'val'])
    face_layouts.table(folder / 'labels.csv', rows)
    return dict(type='FaceCSV', ann_file='labels.csv', data_root=str(folder), label_column=column)


def test_labels_as_features_classify_and_noise_does_not(tmp_path):
    labels = np.arange(40) % 2
    config = write_csv(tmp_path, 'smile', labels, 30)
    task = ClassTask(dict(config, split='train'), dict(config, split='val'))
    assert [face.split('/')[-1] for face in task.faces(0)] == [f'{i}.jpg' for i in range(40)]
    features = np.eye(2)[labels]
    assert task.score(features, 1.0, 0) == task.score(features, 0.1, 0) == 100
    assert task.score(np.zeros((40, 2)), 1.0, 0) == task.guess(1.0, 0) == 50


def test_few_labels_are_those_of_the_seed(tmp_path):
    """The features lie: they tell the label of the first half of the training faces, and the opposite of the others'."""
    labels = np.arange(40) % 2
    config = write_csv(tmp_path, 'smile', labels, 30)
    task = ClassTask(dict(config, split='train'), dict(config, split='val'))
    features = np.eye(2)[np.where((np.arange(40) >= 15) & (np.arange(40) < 30), 1 - labels, labels)]
    assert {task.score(features, 2 / 30, seed) for seed in range(8)} == {0, 50, 100}


def test_identity_as_feature_verifies(tmp_path):
    people = np.arange(40) % 10
    config = write_csv(tmp_path, 'who', people, 0)
    task = PairTask(dict(config, split='val'), num_pairs=60)
    assert task.score(np.eye(10)[people], 1.0, 0) == 100
    assert task.score(np.ones((40, 5)), 1.0, 0) == task.guess(1.0, 0) == 50  # features that say nothing


def test_a_loud_feature_does_not_drown_the_others_once_training_faces_have_told_its_size(tmp_path):
    people = np.arange(60) % 10
    config = write_csv(tmp_path, 'who', people, 20)
    task = PairTask(dict(config, split='val'), dict(config, split='train'), num_pairs=60)
    assert len(task.faces(0)) == 60
    rng = np.random.default_rng(0)
    features = np.column_stack([np.eye(10)[people] + 0.1 * rng.normal(size=(60, 10)), 50 + 20 * rng.normal(size=60)])
    prepared = task.prepare(features)
    assert prepared[:20].mean(axis=0) == pytest.approx(np.zeros(11), abs=1e-3)
    assert task.score(prepared, 1.0, 0) > 90 > task.score(features, 1.0, 0)


def test_drawn_pairs_are_balanced_and_never_repeat():
    people = np.array([3, 1, 3, 3, 2, 1, 0])
    pairs, same = draw_pairs(people, 100, 0)
    assert len(pairs) == 8  # three of person 3 and one of person 1, and as many of two people
    assert np.array_equal(people[pairs[:, 0]] == people[pairs[:, 1]], same) and same.sum() == 4
    assert len({tuple(sorted(pair)) for pair in pairs.tolist()}) == 8
    assert len(draw_pairs(people, 4, 0)[0]) == 4
    assert np.array_equal(draw_pairs(people, 4, 1)[0], draw_pairs(people, 4, 1)[0])


def test_pairs_of_people_with_many_faces_need_no_list_of_all():
    people = np.repeat([0, 1], 2000)  # 4 million pairs of one person
    pairs, same = draw_pairs(people, 1000, 0)
    assert same.sum() == 500 and np.array_equal(people[pairs[:, 0]] == people[pairs[:, 1]], same)
    assert (pairs[:, 0] != pairs[:, 1]).all() and len({tuple(sorted(pair)) for pair in pairs.tolist()}) == 1000


@pytest.mark.parametrize('people', [[0, 1, 2], [5, 5, 5]])
def test_people_that_make_no_pairs_are_refused(people):
    with pytest.raises(ValueError, match='two people at least, and two faces of somebody'):
        draw_pairs(np.array(people), 10, 0)


def test_faces_without_one_label_are_refused(tmp_path):
    config = write_csv(tmp_path, 'smile', [0, 1, 0, 1], 2)
    config.update(attribute_columns=['smile'], label_column='path')
    with pytest.raises(ValueError, match='no faces with one label'):
        ClassTask(config, config)


def test_faces_that_are_parts_of_an_image_are_refused(tmp_path):
    face_layouts.affectnet(tmp_path)
    faces = dict(type='AffectNet', data_root=str(tmp_path))
    with pytest.raises(ValueError, match='AffectNet gives boxes of faces'):
        ClassTask(faces, dict(faces, split='val'))


def test_the_age_as_feature_is_read_off_and_noise_gets_the_error_of_the_median(tmp_path):
    ages = 20 + np.arange(60) * 7 % 50
    config = write_csv(tmp_path, 'age', ages, 40)
    task = NumberTask(dict(config, split='train'), dict(config, split='val'))
    features = np.column_stack([ages, np.ones(60)]).astype(float)
    assert task.score(features, 1.0, 0) < 0.1
    naive = np.abs(np.median(ages[:40]) - ages[40:]).mean()
    assert task.guess(1.0, 0) == pytest.approx(naive)
    noise = np.random.default_rng(0).normal(size=(60, 2))
    assert task.score(noise, 1.0, 0) == pytest.approx(naive, rel=0.2)


def test_labels_that_are_no_numbers_are_refused(tmp_path):
    config = write_csv(tmp_path, 'age', ['young', 'old'] * 3, 4)
    with pytest.raises(ValueError, match='no numbers'):
        NumberTask(dict(config, split='train'), dict(config, split='val'))


def test_neighbours_vote_without_learning(tmp_path):
    labels = np.arange(60) % 2
    config = write_csv(tmp_path, 'smile', labels, 40)
    task = NeighbourTask(dict(config, split='train'), dict(config, split='val'))
    features = np.eye(2)[labels]
    assert np.allclose(task.prepare(features).var(axis=0), 1)  # standardised by the training faces
    assert task.score(features, 1.0, 0) == task.score(features, 0.2, 0) == 100
    assert task.score(features[::-1], 1.0, 0) == 100 and task.score(np.ones((60, 2)), 1.0, 0) == 50


def test_more_features_than_components_are_shortened_by_the_training_faces_alone(tmp_path):
    labels = np.arange(40) % 2
    config = write_csv(tmp_path, 'smile', labels, 30)
    task = ClassTask(dict(config, split='train'), dict(config, split='val'))
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 600)) + 3 * labels[:, None]
    prepared = task.prepare(features)
    assert prepared.shape == (40, 30)  # as many as training faces
    assert task.score(prepared, 1.0, 0) == 100
    other = features.copy()
    other[35:] = 7
    assert np.allclose(task.prepare(other)[:35], prepared[:35], atol=1e-4)


def test_parts_that_number_their_classes_differently_are_refused(tmp_path):
    for part, labels in (('train', 'abc'), ('test', 'bc')):
        (tmp_path / part).mkdir()
        write_csv(tmp_path / part, 'smile', list(labels) * 2, 0)
    train, test = (
        dict(type='FaceCSV', ann_file='labels.csv', data_root=str(tmp_path / part), label_column='smile')
        for part in ('train', 'test')
    )
    with pytest.raises(ValueError, match='the test part has the 2 classes b, c, but the training part the 3 a, b, c'):
        ClassTask(train, test)
    wrapped = dict(
        type='RepeatDataset', dataset=dict(test, type='mmpretrain.FaceCSV', classes=['a', 'b', 'c']), times=2
    )
    assert len(ClassTask(train, wrapped).faces(0)) == 14
