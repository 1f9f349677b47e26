_base_ = '../fra/fra_r18_1xb64_demo.py'

model = dict(
    _delete_=True,
    type='DenseCL',
    queue_len=1024,  # of 2,000 faces or more; a multiple of the batch
    feat_dim=128,
    momentum=0.05,
    loss_lambda=0.5,
    backbone=_base_.model.backbone,
    neck=dict(type='DenseCLNeck', in_channels=128, hid_channels=512, out_channels=128, num_grid=None),
    head=dict(type='ContrastiveHead', loss=dict(type='CrossEntropyLoss'), temperature=0.2),
)
custom_hooks = [hook for hook in _base_.custom_hooks if hook['type'] not in ('MomentumUpdateHook', 'RegionHeatmapHook')]
