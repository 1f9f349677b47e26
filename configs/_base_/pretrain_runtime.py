# What every pre-training runs with.
_base_ = 'default_runtime.py'

default_hooks = dict(checkpoint=dict(type='ReliableCheckpointHook', minute_interval=30))
custom_hooks = [
    dict(type='BrokenImageHook'),
    dict(type='NonFiniteHook'),
    dict(type='StopSignalHook'),
    dict(type='CollapseMonitorHook'),
]
