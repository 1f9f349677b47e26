"""Stores images with their channels side by side, as convolutions on CPUs and on tensor cores read them."""

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from mmengine.runner.base_loop import BaseLoop
from torch.nn.parallel import DistributedDataParallel

from ...checkpoints.checked_load import unwrapped


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Before training: the model's 4-D weights -> ``torch.channels_last``; its convolutions hand that on to all maps.

    The numbers stay the same up to rounding. On the demo's network an iteration takes four fifths of the time
    (docs/pretraining.md).

    DistributedDataParallel lays out its buckets for the weights as it finds them, which is before any hook: it is made
    anew.

    Example:
        >>> dict(type='ChannelsLastHook')
    """

    priority = 'VERY_HIGH'  # other hooks may copy the model or keep it

    def before_run(self, runner: Runner) -> None:
        if not isinstance(runner._train_loop, BaseLoop):  # a test
            return
        model = unwrapped(runner.model)
        model.to(memory_format=torch.channels_last)
        if isinstance(runner.model, DistributedDataParallel):
            runner.model = model  # the former wrapper takes its hooks off the weights
            runner.model = runner.wrap_model(runner.cfg.get('model_wrapper_cfg'), model)
