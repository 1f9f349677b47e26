"""A prediction that is not finite ends the test; everything else passes."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement, InstanceData
from mmpretrain.structures import DataSample

from fra_plugin.engine.hooks import finite_predictions
from fra_plugin.engine.hooks.finite_predictions import FinitePredictions


def sample(**fields):
    made = BaseDataElement(metainfo=dict(img_path='faces/a.jpg'))
    for name, value in fields.items():
        made.set_field(value, name)
    return made


@pytest.mark.parametrize('bad', [float('nan'), float('inf'), -float('inf')])
def test_every_kind_of_prediction_is_looked_at(bad):
    score = DataSample(metainfo=dict(img_path='faces/a.jpg')).set_pred_score(torch.tensor([0.5, bad]))
    points = sample(pred_instances=InstanceData(keypoints=np.array([[[1.0, bad]]]), keypoint_scores=np.ones((1, 1))))
    half = sample(feature=torch.tensor([bad], dtype=torch.bfloat16))
    for output in (score, points, half, dict(pred=[bad], img_path='faces/a.jpg')):
        with pytest.raises(ValueError, match=r'not finite .* of faces/a\.jpg'):
            FinitePredictions().after_test_iter(None, 0, None, [sample(pred=1.0), output])


def test_several_processes_end_together_after_their_last_batch(monkeypatch):
    monkeypatch.setattr(finite_predictions, 'get_world_size', lambda: 2)
    met = []
    monkeypatch.setattr(finite_predictions, 'on_all', lambda function: met.append(1) or function())
    hook, runner = FinitePredictions(), SimpleNamespace(test_dataloader=[0, 1])
    hook.after_test_iter(runner, 0, None, [sample(pred=[float('nan')])])
    assert not met
    with pytest.raises(ValueError, match='not finite'):
        hook.after_test_iter(runner, 1, None, [sample(pred=[1.0])])
    assert met == [1]


def test_a_validation_goes_on_and_the_log_tells():
    said = []
    runner = SimpleNamespace(logger=SimpleNamespace(warning=said.append))
    hook = FinitePredictions()
    for values in ([1.0, float('nan')], [float('inf'), float('inf')], [1.0]):
        hook.after_val_iter(runner, 0, None, [sample(pred=[value]) for value in values])
    hook.after_val_epoch(runner, {})
    assert said == [
        'The numbers of this validation mean nothing: 3 predictions are not finite (inf or nan), such as pred of faces/a.jpg'
    ]
    hook.after_val_epoch(runner, {})
    assert len(said) == 1


def test_what_is_finite_and_what_is_no_prediction_pass():
    ground = InstanceData(keypoints=np.array([[[np.nan, 1.0]]]))
    good = sample(pred_label=torch.tensor([1]), pred_score=torch.ones(2), gt_instances=ground, feature=torch.ones(3))
    FinitePredictions().after_test_iter(None, 0, None, [good, dict(pred='text'), 3.0])
