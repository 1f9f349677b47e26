"""A tiny FRA model and views for it."""

import pytest
import torch
from tiny_fra import tiny_fra


@pytest.fixture
def model():
    return tiny_fra()


@pytest.fixture
def views():
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(4, 3, 64, 64, generator=generator, dtype=torch.float64) for _ in range(2)]
