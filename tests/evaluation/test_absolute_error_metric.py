"""Errors of numbers on cases done by hand, and against scikit-learn."""

import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample

from fra_plugin.evaluation import AbsoluteErrorMetric


def evaluate(predicted, truth, classes, **options):
    metric = AbsoluteErrorMetric(**options)
    metric.dataset_meta = dict(classes=classes)
    setter = 'set_gt_score' if isinstance(truth[0], list) else 'set_gt_label'
    samples = []
    for p, t in zip(predicted, truth):
        sample = DataSample()
        getattr(sample, setter)(torch.tensor(t) if isinstance(t, list) else t)
        samples.append(sample.set_pred_score(torch.tensor(p)).to_dict())
    metric.process(None, samples)
    return metric.evaluate(len(truth))


def test_ages_by_hand():
    results = evaluate([[20.0], [35.0], [44.0], [60.0]], [[25.0], [30.0], [50.0], [60.0]], ['age'], tolerances=(5, 0))
    assert results == {'error/mae': 4.0, 'error/cs@5': 75.0, 'error/cs@0': 25.0}


def test_several_numbers_have_an_error_each_and_all_must_be_small():
    results = evaluate(
        [[10.0, 0.0, 1.0], [0.0, 0.0, 0.0]],
        [[4.0, 0.0, 0.0], [2.0, -1.0, 0.0]],
        ['yaw', 'pitch', 'roll'],
        prefix='pose',
        tolerances=(5,),
    )
    assert results == {
        'pose/mae': pytest.approx(10 / 6),
        'pose/mae/yaw': 4.0,
        'pose/mae/pitch': 0.5,
        'pose/mae/roll': 0.5,
        'pose/cs@5': 50.0,
    }


def test_of_classes_the_expectation_is_the_prediction():
    # Expected: 0.5 * 10 + 0.5 * 30 = 20, true 10; 30, true 30.
    results = evaluate([[0.5, 0.0, 0.5], [0.0, 0.0, 1.0]], [0, 2], ['10', '20', '30'], tolerances=(5,))
    assert results == {'error/mae': 5.0, 'error/cs@5': 50.0}


def test_mean_agrees_with_scikit_learn():
    metrics = pytest.importorskip('sklearn.metrics')
    rng = np.random.default_rng(0)
    predicted, truth = rng.normal(size=(50, 3)), rng.normal(size=(50, 3))
    results = evaluate(predicted.tolist(), truth.tolist(), ['a', 'b', 'c'])
    assert results['error/mae'] == pytest.approx(metrics.mean_absolute_error(truth, predicted), rel=1e-6)


def test_what_has_no_error_is_told():
    with pytest.raises(ValueError, match='tolerances'):
        AbsoluteErrorMetric(tolerances=(-1,))
    with pytest.raises(ValueError, match='classes that are numbers, such as ages: .*happy'):
        evaluate([[0.5, 0.5]], [0], ['happy', 'sad'])
    with pytest.raises(ValueError, match='2 classes, the data set names 3'):
        evaluate([[0.5, 0.5]], [0], ['1', '2', '3'])
    with pytest.raises(ValueError, match='a.jpg: AbsoluteErrorMetric needs pred_score'):
        AbsoluteErrorMetric().process(None, [DataSample(metainfo=dict(img_path='a.jpg')).set_gt_label(1).to_dict()])
