"""Checkpoints and weights files: read safely, checked, converted, exported, and loaded into backbones.

Importing this package puts :func:`safe_loading.safe_load.safe_load` behind every checkpoint loader of mmengine, and the
checks of :mod:`checked_load` behind all that it loads into a model.
"""

from . import checked_load
from .load_backbone_hook import LoadBackboneHook
from .pretrained_backbone import PretrainedBackbone
from .refuse_foreign_weights import RefuseForeignWeights
from .safe_loading import safe_load
from .safe_loading.allowed_names import allow_globals

__all__ = [
    'LoadBackboneHook',
    'PretrainedBackbone',
    'RefuseForeignWeights',
    'allow_globals',
    'checked_load',
    'safe_load',
]
