"""tools/test.py measures no weights that are partly random."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

TOOL = runpy.run_path(str(Path(__file__).resolve().parents[2] / 'tools/test.py'))


@pytest.mark.parametrize(
    'weights, message',
    [
        (dict(weight=torch.zeros(2, 4)), 'lacks 1 of the 2 tensors'),
        (dict(weight=torch.zeros(2, 3), bias=torch.zeros(2)), r'other\.pth .* size mismatch for weight'),
    ],
)
def test_a_missing_tensor_and_another_shape_are_refused(weights, message):
    runner = SimpleNamespace(model=nn.Linear(4, 2), _load_from='other.pth')
    with pytest.raises(ValueError, match=message):
        TOOL['RefuseForeignWeights']().after_load_checkpoint(runner, dict(state_dict=weights))
