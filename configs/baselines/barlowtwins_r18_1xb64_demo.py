_base_ = '../fra/fra_r18_1xb64_demo.py'

model = dict(
    _delete_=True,
    type='BarlowTwins',
    backbone=_base_.model.backbone,
    neck=dict(
        type='NonLinearNeck',
        in_channels=128,
        hid_channels=512,
        out_channels=512,
        num_layers=3,
        with_last_bn=False,
        norm_cfg=dict(type='BN1d'),
    ),
    head=dict(type='LatentCrossCorrelationHead', in_channels=512, loss=dict(type='CrossCorrelationLoss')),
)
custom_hooks = [hook for hook in _base_.custom_hooks if hook['type'] not in ('MomentumUpdateHook', 'RegionHeatmapHook')]
