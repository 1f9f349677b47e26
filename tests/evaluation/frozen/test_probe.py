"""Probes of frozen features: a linear truth is found, noise is not, imbalance does not pay."""

import numpy as np
import pytest

from fra_plugin.evaluation.frozen.probe import (
    hog,
    landmark_error,
    linear_accuracy,
    mean_shape_error,
    number_error,
    pair_accuracy,
    principal_components,
    raw_pixels,
)

pytest.importorskip('sklearn')


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def faces(rng, count):
    """68 landmarks that depend linearly on 4 numbers."""
    base = np.random.default_rng(7).uniform(0, 96, (68, 2))
    base[36], base[45] = (20, 40), (70, 40)
    directions = np.random.default_rng(8).normal(size=(4, 68, 2))
    directions[:, [36, 45]] = 0  # the inter-ocular distance stays 50
    code = rng.normal(size=(count, 4))
    return code, base + np.einsum('nk,klc->nlc', code, directions)


def test_ridge_finds_linear_landmarks_and_the_mean_shape_does_not(rng):
    code, landmarks = faces(rng, 200)
    features = code @ rng.normal(size=(4, 30)) + 5
    assert landmark_error(features[:150], landmarks[:150], features[150:], landmarks[150:]) < 0.1
    noise = rng.normal(size=(200, 30))
    guess = mean_shape_error(landmarks[:150], landmarks[150:])
    assert guess == pytest.approx(landmark_error(noise[:150], landmarks[:150], noise[150:], landmarks[150:]), rel=0.1)
    naive = np.mean([np.linalg.norm(face - landmarks[:150].mean(0), axis=1).mean() / 50 for face in landmarks[150:]])
    assert guess == pytest.approx(100 * naive)


def test_a_feature_that_training_faces_hardly_show_does_not_spoil_a_test_face(rng):
    code, landmarks = faces(rng, 200)
    features = code @ rng.normal(size=(4, 30)) + 5
    rare = np.zeros((200, 1))
    rare[3], rare[160] = 1e-3, 10.0  # ten thousand times the one value that it has in training
    features = np.concatenate([features, rare], axis=1)
    assert landmark_error(features[:150], landmarks[:150], features[150:], landmarks[150:]) < 0.1


def test_landmark_errors_do_not_depend_on_the_image_size(rng):
    code, landmarks = faces(rng, 60)
    features = code + 0.3 * rng.normal(size=code.shape)
    small = landmark_error(features[:40], landmarks[:40], features[40:], landmarks[40:])
    assert landmark_error(features[:40], 3 * landmarks[:40], features[40:], 3 * landmarks[40:]) == pytest.approx(small)


def test_landmarks_that_cannot_be_scored_are_refused(rng):
    code, landmarks = faces(rng, 20)
    hidden = landmarks.copy()
    hidden[0, 5] = np.nan
    with pytest.raises(ValueError, match='all landmarks labelled'):
        landmark_error(code, hidden, code, landmarks)
    with pytest.raises(ValueError, match='all landmarks labelled'):
        landmark_error(code, landmarks, code, hidden)
    merged = landmarks.copy()
    merged[3, 36] = merged[3, 45]
    with pytest.raises(ValueError, match='two eyes apart'):
        mean_shape_error(landmarks, merged)
    with pytest.raises(ValueError, match='mark-up'):
        mean_shape_error(landmarks[:, :7], landmarks[:, :7])


def test_the_majority_class_earns_the_accuracy_of_chance(rng):
    labels = np.repeat([0, 1], [180, 20])
    noise = rng.normal(size=(200, 5))
    assert linear_accuracy(noise, labels, np.zeros((200, 5)), labels) == 50


def test_every_class_weighs_the_same(rng):
    """Two classes of three are told apart, the third looks like the first: each face of it is right or wrong as a whole."""
    labels = np.repeat([0, 1, 2], [50, 40, 10])
    features = np.eye(2)[[0, 1, 0]][labels] + 0.01 * rng.normal(size=(100, 2))
    test = np.eye(2)[[0, 1, 0]][[0, 0, 0, 0, 1, 2]]
    assert linear_accuracy(features, labels, test, np.array([0, 0, 0, 0, 1, 2])) == pytest.approx(100 * 2 / 3)


def test_a_feature_that_is_nearly_always_0_does_not_outvote_the_others(rng):
    labels = np.arange(200) % 2
    features = np.zeros((200, 6))
    features[:, :5] = labels[:, None] + 0.1 * rng.normal(size=(200, 5))
    features[0, 5] = 1e-3  # of the first class
    test = np.array([[0.0, 0, 0, 0, 0, 10], [1, 1, 1, 1, 1, 10]])  # ten thousand times as large
    assert linear_accuracy(features, labels, test, np.array([0, 1])) == 100


def test_a_few_labels_are_enough_to_run(rng):
    features = np.array([[0.0, 0], [1, 0], [0, 1]])
    assert linear_accuracy(features, np.arange(3), features, np.arange(3)) == 100
    with pytest.raises(ValueError, match='at least two classes'):
        linear_accuracy(features, np.zeros(3), features, np.zeros(3))


def test_pairs_are_judged_by_the_angle_alone(rng):
    people = np.repeat(np.eye(10), 2, axis=0)
    features = people * rng.uniform(0.1, 10, (20, 1))
    pairs = np.array([(2 * i, 2 * i + 1) for i in range(10)] + [(2 * i, (2 * i + 2) % 20) for i in range(10)])
    result = pair_accuracy(features, pairs, np.arange(20) < 10, np.arange(20) % 5)
    assert result['accuracy'] == result['auc'] == 100


def test_hog_sees_edges_and_not_brightness():
    pytest.importorskip('skimage')
    face = np.random.default_rng(0).integers(0, 120, (96, 96, 3)).astype(np.uint8)
    dark, bright, flipped = hog(np.stack([face, face + 100, face[:, ::-1]]))
    assert dark.shape == (11 * 11 * 2 * 2 * 8,)
    assert np.abs(dark - bright).max() < 1e-3
    assert np.abs(dark - flipped).max() > 0.1
    # Every block of 2 x 2 cells is normalised.
    assert np.linalg.norm(dark.reshape(121, 32), axis=1) == pytest.approx(1, abs=1e-3)


def test_raw_pixels_are_grey_values():
    images = np.full((1, 64, 64, 3), 51, np.uint8)
    assert raw_pixels(images) == pytest.approx(np.full((1, 1024), 0.2))


def test_principal_components_keep_distances_and_have_a_mean_variance_of_one(rng):
    train = rng.normal(size=(200, 4)) @ rng.normal(size=(4, 40)) * rng.uniform(1, 100, 40) + 5
    short, test = principal_components(train, train[:7], components=4)  # all that varies
    standard = (train - train.mean(0)) / train.std(0)
    assert short.shape == (200, 4) and np.allclose(test, short[:7], atol=1e-4)
    assert short.var(0, ddof=1).mean() == pytest.approx(1, rel=1e-3)
    distance, expected = (np.linalg.norm(x[1:] - x[0], axis=1) for x in (short, standard))
    assert distance / distance[0] == pytest.approx(expected / expected[0], rel=1e-2)
    assert principal_components(train, train[:7], components=40)[0] == pytest.approx(standard, abs=1e-3)


def test_ridge_reads_numbers(rng):
    features = rng.normal(size=(80, 3))
    ages = 40 + features @ [3, 0, -5]
    assert number_error(features[:60], ages[:60], features[60:], ages[60:]) < 0.2  # the least penalty shrinks a little
    assert number_error(features[:60, :1], ages[:60], features[60:, :1], ages[60:]) > 2
