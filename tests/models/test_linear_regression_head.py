"""The head for numbers: its scale, its loss against a naive formula, and what it refuses."""

import pytest
import torch
from mmpretrain.structures import DataSample

from fra_plugin.models import LinearRegressionHead


def faces(targets):
    return [DataSample().set_gt_score(torch.tensor(target)) for target in targets]


def head(**options):
    torch.manual_seed(0)
    return LinearRegressionHead(2, 4, mean=[30, 0], std=[10, 2], **options)


def test_numbers_are_in_the_units_of_the_data():
    model, features = head(), torch.randn(3, 4)
    raw = features @ model.fc.weight.T + model.fc.bias
    samples = model.predict((features,), faces([[1.0, 2.0]] * 3))
    predicted = torch.stack([sample.pred_score for sample in samples])
    torch.testing.assert_close(predicted, raw * torch.tensor([10.0, 2.0]) + torch.tensor([30.0, 0.0]))
    assert len(model.predict((features,))) == 3


def test_loss_is_smooth_l1_in_units_of_std():
    model, features = head(), torch.randn(3, 4)
    targets = [[30.0, 1.0], [80.0, 0.0], [20.0, -9.0]]
    with torch.no_grad():
        errors = ((model((features,)) - torch.tensor(targets)) / torch.tensor([10.0, 2.0])).abs().flatten().tolist()
    expected = sum(error**2 / 2 if error < 1 else error - 0.5 for error in errors) / len(errors)
    assert model.loss((features,), faces(targets))['loss'].item() == pytest.approx(expected, rel=1e-5)


def test_every_parameter_gets_a_finite_gradient_also_in_mixed_precision():
    model, features = head(), torch.randn(3, 4)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = model.loss((features,), faces([[30.0, 1.0], [80.0, 0.0], [20.0, -9.0]]))['loss']
    assert loss.dtype == torch.float32
    loss.backward()
    assert all(torch.isfinite(p.grad).all() and p.grad.abs().sum() > 0 for p in model.parameters())


def test_scale_travels_in_the_checkpoint():
    model = LinearRegressionHead(2, 4)
    assert model.std.tolist() == [1, 1]
    model.load_state_dict(head().state_dict())
    assert model.mean.tolist() == [30, 0] and model.std.tolist() == [10, 2]


@pytest.mark.parametrize(
    'options, message', [(dict(mean=[1]), 'mean must have num_classes=2'), (dict(std=[1, 0]), 'std must be above 0')]
)
def test_a_wrong_scale_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        LinearRegressionHead(2, 4, **options)


@pytest.mark.parametrize('samples, got', [(faces([[1.0]]), 'got 1'), ([DataSample().set_gt_label(3)], 'got none')])
def test_a_face_without_its_numbers_is_refused(samples, got):
    with pytest.raises(ValueError, match=f'needs 2 numbers .*{got}'):
        head().loss((torch.randn(1, 4),), samples)
