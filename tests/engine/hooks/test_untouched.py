"""Looking at a model leaves no trace."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from fra_plugin.engine.hooks.untouched import untouched


def test_modes_random_states_and_statistics_return_bit_by_bit():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.BatchNorm2d(4), nn.Dropout(0.5)).train()
    model[2].eval()  # frozen on purpose
    before = {name: value.clone() for name, value in model.state_dict().items()}
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = random.random(), np.random.rand(), torch.rand(1).item()
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    with untouched(model):
        assert not any(module.training for module in model.modules()) and not torch.is_grad_enabled()
        random.random(), np.random.rand(), torch.rand(1)
        model(torch.randn(2, 3, 8, 8))
    assert [module.training for module in model] == [True, True, False, True]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert (random.random(), np.random.rand(), torch.rand(1).item()) == expected
    assert torch.is_grad_enabled()


def test_an_error_inside_restores_too():
    model = nn.Dropout().train()
    torch.manual_seed(1)
    expected = torch.get_rng_state()
    with pytest.raises(KeyError), untouched(model):
        torch.rand(1)
        raise KeyError
    assert model.training and torch.equal(torch.get_rng_state(), expected)
