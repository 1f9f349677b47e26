"""Hooks: the target network's update, checkpoints, and what watches over a training."""

from .broken_image_hook import BrokenImageHook
from .channels_last_hook import ChannelsLastHook
from .collapse_monitor_hook import CollapseMonitorHook
from .compile_hook import CompileHook
from .label_check_hook import LabelCheckHook
from .momentum_update_hook import MomentumUpdateHook
from .non_finite_hook import NonFiniteHook
from .online_eval_hook import OnlineEvalHook
from .region_heatmap_hook import RegionHeatmapHook
from .reliable_checkpoint_hook import ReliableCheckpointHook
from .stop_signal_hook import StopSignalHook

__all__ = [
    'BrokenImageHook',
    'ChannelsLastHook',
    'CollapseMonitorHook',
    'CompileHook',
    'LabelCheckHook',
    'MomentumUpdateHook',
    'NonFiniteHook',
    'OnlineEvalHook',
    'RegionHeatmapHook',
    'ReliableCheckpointHook',
    'StopSignalHook',
]
