"""Checkpoints and weights files: read safely, checked, converted, exported, and loaded into backbones.

Importing this package puts :func:`safe_load.safe_load` behind every checkpoint loader of mmengine.
"""

from . import safe_load
from .load_backbone_hook import LoadBackboneHook
from .pretrained_backbone import PretrainedBackbone

__all__ = ['LoadBackboneHook', 'PretrainedBackbone', 'safe_load']
