_base_ = 'default_runtime.py'

default_hooks = dict(checkpoint=dict(type='ReliableCheckpointHook', minute_interval=30))
