"""Accuracy of each class and their mean, on counts done by hand."""

import numpy as np
import pytest
import torch
from mmengine.visualization import Visualizer
from mmpretrain.structures import DataSample

from fra_plugin.evaluation import ClassAccuracy
from fra_plugin.evaluation.class_accuracy import draw_confusion_matrix


def evaluate(truth, predicted, classes, **options):
    metric = ClassAccuracy(**options)
    metric.dataset_meta = dict(classes=classes)
    scores = torch.eye(len(classes))
    metric.process(
        None, [DataSample().set_gt_label(t).set_pred_score(scores[p]).to_dict() for t, p in zip(truth, predicted)]
    )
    return metric.evaluate(len(truth))


def test_mean_is_over_classes_not_over_faces():
    results = evaluate([0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0], ['sad', 'happy'], picture=False)
    assert results == {'class_accuracy/mean': 62.5, 'class_accuracy/sad': 75.0, 'class_accuracy/happy': 50.0}


def test_class_that_does_not_occur_counts_for_nothing():
    results = evaluate([0, 0], [0, 2], ['a', 'b', 'c'], picture=False)
    assert results == {'class_accuracy/mean': 50.0, 'class_accuracy/a': 50.0}


def test_a_class_may_be_called_mean():
    results = evaluate([0, 1], [0, 0], ['mean', 'kind'], picture=False)
    assert results == {'class_accuracy/mean': 50.0, 'class_accuracy/class mean': 100.0, 'class_accuracy/kind': 0.0}


def test_picture_goes_to_the_visualizer(tmp_path):
    Visualizer.get_instance('confusion', vis_backends=[dict(type='LocalVisBackend')], save_dir=str(tmp_path))
    try:
        evaluate([0, 1], [0, 1], ['a', 'b'])
    finally:
        Visualizer._instance_dict.pop('confusion')
    assert len(list(tmp_path.rglob('confusion_matrix_*.png'))) == 1


def test_picture_shows_each_row_in_percent_of_its_class():
    # The same shares from other numbers of faces are the same picture; other shares are another.
    one = draw_confusion_matrix(torch.tensor([[1, 3], [0, 8]]), ['a', 'b'])
    assert one.dtype == np.uint8 and one.ndim == 3 and one.shape[2] == 3
    assert np.array_equal(one, draw_confusion_matrix(torch.tensor([[25, 75], [0, 1]]), ['a', 'b']))
    assert not np.array_equal(one, draw_confusion_matrix(torch.tensor([[3, 1], [0, 8]]), ['a', 'b']))


def test_classes_of_any_name_are_drawn():
    matrix = torch.tensor([[1, 3, 0], [0, 8, 0], [1, 1, 1]])
    picture = draw_confusion_matrix(matrix, ['Ren\udce9', '$5 to $x_^$', 'joy'])
    assert not np.array_equal(picture, draw_confusion_matrix(matrix, ['a', 'b', 'joy']))


def test_without_a_visualizer_there_is_no_picture_and_no_error(monkeypatch):
    monkeypatch.setattr(Visualizer, '_instance_dict', {})
    assert evaluate([0, 1], [0, 0], ['a', 'b'])['class_accuracy/mean'] == pytest.approx(50)
