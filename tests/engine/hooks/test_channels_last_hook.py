"""Another layout in memory, the same numbers."""

from types import SimpleNamespace

import torch
from mmengine.runner import BaseLoop
from torch import nn

from fra_plugin.engine import ChannelsLastHook, ReliableTrainLoop


def test_maps_become_channels_last_and_keep_their_values():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 3))
    images = torch.randn(2, 3, 16, 16)
    before = model(images)
    ChannelsLastHook().before_run(SimpleNamespace(model=model, _train_loop=dict()))  # a test
    assert model(images).is_contiguous()
    ChannelsLastHook().before_run(SimpleNamespace(model=model, _train_loop=BaseLoop.__new__(ReliableTrainLoop)))
    after = model(images)
    assert before.is_contiguous() and after.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(after, before)
