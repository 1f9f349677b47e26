"""How a training runs: hooks, optimizers and the training loop."""

from ..checkpoints import LoadBackboneHook
from .hooks import (
    BrokenImageHook,
    ChannelsLastHook,
    CollapseMonitorHook,
    CompileHook,
    LabelCheckHook,
    MomentumUpdateHook,
    NonFiniteHook,
    OnlineEvalHook,
    RegionHeatmapHook,
    ReliableCheckpointHook,
    StopSignalHook,
)
from .optimizers import BFloat16OptimWrapper, ForeachLARS, TrainedOnlyConstructor
from .runners import CPUDataParallel, ReliableTrainLoop, ReliableValLoop

__all__ = [
    'BFloat16OptimWrapper',
    'BrokenImageHook',
    'CPUDataParallel',
    'ChannelsLastHook',
    'CollapseMonitorHook',
    'CompileHook',
    'ForeachLARS',
    'LabelCheckHook',
    'LoadBackboneHook',
    'MomentumUpdateHook',
    'NonFiniteHook',
    'OnlineEvalHook',
    'RegionHeatmapHook',
    'ReliableCheckpointHook',
    'ReliableTrainLoop',
    'ReliableValLoop',
    'StopSignalHook',
    'TrainedOnlyConstructor',
]
