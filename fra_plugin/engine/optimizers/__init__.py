"""Optimizers, and which parameters get which settings."""

from .foreach_lars import ForeachLARS
from .trained_only_constructor import TrainedOnlyConstructor

__all__ = ['ForeachLARS', 'TrainedOnlyConstructor']
