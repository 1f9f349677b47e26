"""Attribute results on counts done by hand, and against scikit-learn."""

import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample

from fra_plugin.evaluation import AttributeMetric


def evaluate(scores, truth, **options):
    metric = AttributeMetric(**options)
    metric.dataset_meta = dict(classes=[f'a{i}' for i in range(len(truth[0]))])
    metric.process(
        None,
        [
            DataSample().set_pred_score(torch.tensor(s)).set_gt_score(torch.tensor(t)).to_dict()
            for s, t in zip(scores, truth)
        ],
    )
    return metric.evaluate(len(truth))


def test_one_attribute_by_hand():
    # 4 have it: 3 found, 1 missed; 1 of the 6 others is wrongly said to have it.
    scores = [[0.9], [0.5], [0.6], [0.4], [0.7], [0.1], [0.2], [0.3], [0.0], [0.49]]
    results = evaluate(scores, [[1.0]] * 4 + [[0.0]] * 6)
    assert results['attribute/accuracy'] == results['attribute/accuracy/a0'] == pytest.approx(80)
    assert results['attribute/balanced_accuracy'] == pytest.approx(100 * (3 / 4 + 5 / 6) / 2)
    assert results['attribute/f1'] == pytest.approx(100 * 3 / 4)


def test_means_agree_with_scikit_learn():
    metrics = pytest.importorskip('sklearn.metrics')
    rng = np.random.default_rng(0)
    scores, truth = rng.random((50, 4)), rng.integers(0, 2, (50, 4)).astype(float)
    results = evaluate(scores, truth)
    predicted = scores >= 0.5
    assert results['attribute/accuracy'] == pytest.approx(100 * (predicted == truth).mean())
    assert results['attribute/f1'] == pytest.approx(100 * metrics.f1_score(truth, predicted, average='macro'))
    balanced = [metrics.balanced_accuracy_score(truth[:, i], predicted[:, i]) for i in range(4)]
    assert results['attribute/balanced_accuracy'] == pytest.approx(100 * np.mean(balanced))


def test_attribute_that_nobody_has_counts_only_for_plain_accuracy():
    results = evaluate([[0.9, 0.9], [0.1, 0.1]], [[1.0, 0.0], [0.0, 0.0]])
    assert results['attribute/accuracy'] == 75 and results['attribute/accuracy/a1'] == 50
    assert results['attribute/balanced_accuracy'] == results['attribute/f1'] == 100
    assert 'attribute/f1/a1' not in results and 'attribute/balanced_accuracy/a1' not in results


def test_attribute_never_predicted_has_f1_of_zero():
    assert evaluate([[0.1], [0.1]], [[1.0], [0.0]])['attribute/f1'] == 0


def test_threshold_and_names_are_options():
    assert evaluate([[0.6], [0.1]], [[0.0], [1.0]], threshold=0.05, per_attribute=False) == {
        'attribute/accuracy': 50,
        'attribute/balanced_accuracy': 50,
        'attribute/f1': pytest.approx(100 * 2 / 3),
    }
    with pytest.raises(ValueError, match='threshold'):
        AttributeMetric(threshold=1)
