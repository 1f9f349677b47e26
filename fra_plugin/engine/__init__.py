"""Hooks and optimizers."""
from .foreach_lars import ForeachLARS
from .momentum_update_hook import MomentumUpdateHook
