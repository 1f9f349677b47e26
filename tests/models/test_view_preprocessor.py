"""Views on the model's device, normalised as mmpretrain does it."""

import pytest
import torch
from mmpretrain.models import SelfSupDataPreprocessor
from mmpretrain.structures import DataSample

from fra_plugin.models import ViewPreprocessor

NORM = dict(mean=[133.39, 103.12, 88.97], std=[64.67, 55.95, 52.79])


@pytest.mark.parametrize('settings', [dict(NORM, to_rgb=True), NORM, dict(to_rgb=True), dict()])
@pytest.mark.parametrize('dtype', [torch.uint8, torch.float32])
def test_the_numbers_are_those_of_mmpretrain(settings, dtype):
    views = list(torch.randint(0, 256, (2, 4, 3, 8, 8)).to(dtype))
    batch = dict(inputs=views, data_samples=[DataSample() for _ in range(4)])
    kept = [view.clone() for view in views]
    ours, theirs = ViewPreprocessor(**settings)(batch), SelfSupDataPreprocessor(**settings)(batch)
    torch.testing.assert_close(ours['inputs'], theirs['inputs'], rtol=0, atol=0)
    torch.testing.assert_close(views, kept, rtol=0, atol=0)
    assert len(ours['data_samples']) == 4
    one = ViewPreprocessor(**settings)(dict(inputs=views[0], data_samples=None))
    torch.testing.assert_close(one['inputs'], theirs['inputs'][0], rtol=0, atol=0)
    assert one['data_samples'] is None


def test_a_batch_that_was_not_collated_is_refused_in_one_line():
    with pytest.raises(TypeError, match='default_collate.*got list'):
        ViewPreprocessor()([torch.zeros(3, 8, 8)])


@pytest.mark.parametrize('std', [[0.0] * 3, [1.0, -1.0, 1.0], [float('nan')] * 3])
def test_a_std_that_nothing_can_be_divided_by_is_refused(std):
    with pytest.raises(ValueError, match='^std must be positive and finite, got'):
        ViewPreprocessor(mean=[0.0] * 3, std=std)
