_base_ = 'mmpretrain::_base_/default_runtime.py'

custom_imports = dict(imports=['fra_plugin'], allow_failed_imports=False)

default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(max_keep_ckpts=3, save_last=True),
    weights=dict(type='RefuseForeignWeights'),
    labels=dict(type='LabelCheckHook'),
)

# If a process dies, the others wait for it for half an hour, then they end.
env_cfg = dict(dist_cfg=dict(timeout=1800))
