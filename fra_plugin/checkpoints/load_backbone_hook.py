"""Tests frozen features of any checkpoint that has the backbone, and of no other."""

from collections import OrderedDict

from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from .checked_load import unwrapped
from .pretrained_backbone import backbone_tensors, fill, named_tensors


@HOOKS.register_module()
class LoadBackboneHook(Hook):
    """Lets ``load_from`` (the CHECKPOINT of tools/test.py) fill the whole backbone, from any known layout, or raise.

    For models without trained parts beside the backbone. mmengine alone would load what has the same name, perhaps
    nothing, and go on.

    Example:
        >>> dict(type='LoadBackboneHook', prefix='target.backbone.')

    Args:
        prefix: as in :class:`PretrainedBackbone`. Defaults to None, found by the layout.

    Raises:
        ValueError: before a test without a checkpoint, or with one that does not fill the backbone.
    """

    def __init__(self, prefix: str = None) -> None:
        self.prefix = prefix
        self.loaded = False

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        model = unwrapped(runner.model)
        source = str(runner._load_from)
        tensors = backbone_tensors(named_tensors(checkpoint, source), model.backbone, self.prefix, source)
        fill(model.backbone, tensors, source)
        checkpoint['state_dict'] = OrderedDict((f'backbone.{name}', tensor) for name, tensor in tensors.items())
        self.loaded = True

    def before_test(self, runner) -> None:
        if not self.loaded:
            raise ValueError('the test of frozen features needs a checkpoint: set load_from')
