"""Optimizers, their precision, and which parameters get which settings."""

from .bfloat16_optim_wrapper import BFloat16OptimWrapper
from .foreach_lars import ForeachLARS
from .trained_only_constructor import TrainedOnlyConstructor

__all__ = ['BFloat16OptimWrapper', 'ForeachLARS', 'TrainedOnlyConstructor']
