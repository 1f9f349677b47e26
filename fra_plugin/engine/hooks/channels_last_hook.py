"""Stores images with their channels side by side, as convolutions on CPUs and on tensor cores read them."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Before training: the model's 4-D weights -> ``torch.channels_last``; its convolutions hand that on to all maps.

    The numbers stay the same up to rounding. On the demo's network an iteration takes four fifths of the time
    (docs/pretraining.md).

    Example:
        >>> dict(type='ChannelsLastHook')
    """

    def before_train(self, runner: Runner) -> None:
        runner.model.to(memory_format=torch.channels_last)
