"""LFW's protocol on pairs whose results can be counted by hand, and against plain loops."""

import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample

from fra_plugin.evaluation import VerificationMetric
from fra_plugin.evaluation.verification_metric import best_threshold, verification


def test_separable_pairs_give_everything():
    similarity = np.array([0.9, 0.8, 0.7, 0.1, 0.2, 0.3] * 2)
    same, folds = similarity > 0.5, np.repeat([0, 1], 6)
    results = verification(similarity, same, folds, far=[0.1, 0.001])
    assert results == {'accuracy': 100, 'accuracy_std': 0, 'tar@far=0.1': 100, 'tar@far=0.001': 100, 'auc': 100}


def test_each_fold_is_judged_by_the_threshold_of_the_others():
    # Fold 0 alone would choose 0.85 and fold 1 alone 0.35: swapped, each errs on one pair of two.
    similarity = np.array([0.9, 0.8, 0.4, 0.3])
    same, folds = np.array([True, False, True, False]), np.array([0, 0, 1, 1])
    results = verification(similarity, same, folds, far=[])
    assert results['accuracy'] == 50 and results['accuracy_std'] == 0


def test_true_accepts_at_a_rate_of_false_accepts_by_hand():
    # Ten pairs of two persons at 0.0 ... 0.9; of the same person: 0.95, 0.85, 0.75, 0.05.
    similarity = np.concatenate([np.arange(10) / 10, [0.95, 0.85, 0.75, 0.05]])
    same = np.arange(14) >= 10
    results = verification(similarity, same, np.arange(14) % 2, far=[0.05, 0.1, 0.2, 0.95])
    assert [results[f'tar@far={rate}'] for rate in (0.05, 0.1, 0.2, 0.95)] == [25, 50, 75, 100]
    wins = sum(a > b for a in similarity[same] for b in similarity[~same])
    assert results['auc'] == pytest.approx(100 * wins / 40)


def test_results_agree_with_plain_loops():
    rng = np.random.default_rng(0)
    same = np.arange(200) % 2 == 0
    similarity, folds = np.round(rng.normal(same * 1.0, 1.0), 1), np.arange(200) // 20
    correct = []
    for fold in range(10):
        rest = folds != fold
        thresholds = np.arange(-10, 10, 0.05)  # between the rounded similarities, and on them
        accuracy = [np.mean((similarity[rest] > t) == same[rest]) for t in thresholds]
        chosen = best_threshold(similarity[rest], same[rest])
        assert np.mean((similarity[rest] >= chosen) == same[rest]) == pytest.approx(max(accuracy))
        correct.append(np.mean((similarity[~rest] >= chosen) == same[~rest]))
    results = verification(similarity, same, folds, far=[0.1])
    assert results['accuracy'] == pytest.approx(100 * np.mean(correct))
    accepted = [np.mean(similarity[same] >= t) for t in np.unique(similarity) if np.mean(similarity[~same] >= t) <= 0.1]
    assert results['tar@far=0.1'] == pytest.approx(100 * max(accepted))


def test_order_of_the_similarities_is_all_that_matters():
    rng = np.random.default_rng(1)
    same, folds = rng.random(60) < 0.5, np.arange(60) % 3
    similarity = rng.random(60)
    once, again = (verification(values, same, folds, [0.1, 0.5]) for values in (similarity, similarity * 7 - 3))
    assert once == pytest.approx(again)


@pytest.mark.parametrize(
    'same, folds, message',
    [
        ([True, True], [0, 1], '2 of 2 of the same person'),
        ([False, False], [0, 1], '0 of 2'),
        ([True, False], [0, 0], 'two folds'),
    ],
)
def test_pairs_that_prove_nothing_are_refused(same, folds, message):
    with pytest.raises(ValueError, match=message):
        verification(np.array([0.1, 0.2]), np.array(same), np.array(folds), [])


def samples(features):
    return [DataSample(metainfo=dict(sample_idx=i), feature=torch.tensor(f)).to_dict() for i, f in features.items()]


def test_features_are_compared_by_their_cosine_whatever_the_order_of_the_images():
    metric = VerificationMetric(far=[0.5])
    metric.dataset_meta = dict(pairs=[(0, 1, True, 0), (0, 2, False, 0), (1, 0, True, 1), (2, 1, False, 1)])
    metric.process(None, samples({2: [-1.0, 0.2]}))
    metric.process(None, samples({0: [1.0, 0.0], 1: [100.0, 1.0]}))
    assert metric.evaluate(3) == {
        'verification/accuracy': 100,
        'verification/accuracy_std': 0,
        'verification/tar@far=0.5': 100,
        'verification/auc': 100,
    }


def test_folds_that_the_list_does_not_name_hold_both_kinds_evenly():
    same = [True] * 10 + [False] * 20
    folds = VerificationMetric(folds=5)._folds([None] * 30, same)
    assert [folds[:10].tolist().count(f) for f in range(5)] == [2] * 5
    assert [folds[10:].tolist().count(f) for f in range(5)] == [4] * 5


def test_wrong_options_and_a_data_set_without_pairs_are_refused():
    for options in (dict(far=[0]), dict(far=[1.0]), dict(folds=1)):
        with pytest.raises(ValueError, match='must be'):
            VerificationMetric(**options)
    metric = VerificationMetric()
    metric.process(None, samples({0: [1.0]}))
    with pytest.raises(ValueError, match='a data set with pairs'):
        metric.evaluate(1)
