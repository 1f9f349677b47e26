"""Another layout in memory, the same numbers."""
from types import SimpleNamespace

import torch
from mmpretrain.models import ResNet

from fra_plugin.engine import ChannelsLastHook


def test_maps_become_channels_last_and_keep_their_values():
    model = ResNet(18, stem_channels=8, base_channels=8, out_indices=(0, 3)).eval()
    images = torch.randn(2, 3, 64, 64)
    before = model(images)
    ChannelsLastHook().before_train(SimpleNamespace(model=model))
    for old, new in zip(before, model(images)):
        assert old.is_contiguous() and new.is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(new, old)
