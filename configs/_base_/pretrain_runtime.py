# What every pre-training runs with.
_base_ = 'default_runtime.py'

default_hooks = dict(checkpoint=dict(type='ReliableCheckpointHook'))
custom_hooks = [
    dict(type='BrokenImageHook'),
    dict(type='NonFiniteHook'),
    dict(type='StopSignalHook'),
    dict(type='CollapseMonitorHook'),
    dict(type='ChannelsLastHook'),
]

# Images of one size: cuDNN may look for the fastest convolutions once.
env_cfg = dict(cudnn_benchmark=True)
