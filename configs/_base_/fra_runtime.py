_base_ = 'pretrain_runtime.py'

# MomentumUpdateHook moves the target network. A list of your own replaces this one: keep that hook in it.
custom_hooks = [dict(type='MomentumUpdateHook')] + _base_.custom_hooks
