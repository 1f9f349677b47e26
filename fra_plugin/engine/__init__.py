"""Hooks and optimizers."""
from .broken_image_hook import BrokenImageHook
from .channels_last_hook import ChannelsLastHook
from .collapse_monitor_hook import CollapseMonitorHook
from .cpu_data_parallel import CPUDataParallel
from .foreach_lars import ForeachLARS
from .load_backbone_hook import LoadBackboneHook
from .momentum_update_hook import MomentumUpdateHook
from .non_finite_hook import NonFiniteHook
from .online_eval_hook import OnlineEvalHook
from .region_heatmap_hook import RegionHeatmapHook
from .reliable_checkpoint_hook import ReliableCheckpointHook
from .reliable_train_loop import ReliableTrainLoop
from .safe_load import safe_load  # puts itself behind every checkpoint loader of mmengine
from .stop_signal_hook import StopSignalHook
from .trained_only_constructor import TrainedOnlyConstructor
