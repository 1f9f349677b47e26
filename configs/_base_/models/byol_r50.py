# mmpretrain's BYOL with FRA's backbone, widths and momentum.
model = dict(
    type='BYOL',
    base_momentum=0.004,
    backbone=dict(type='ResNet', depth=50, norm_cfg=dict(type='SyncBN'), zero_init_residual=False),
    neck=dict(type='NonLinearNeck', in_channels=2048, hid_channels=4096, out_channels=256, with_last_bn=False),
    head=dict(
        type='LatentPredictHead',
        predictor=dict(
            type='NonLinearNeck',
            in_channels=256,
            hid_channels=4096,
            out_channels=256,
            with_last_bn=False,
            with_avg_pool=False,
        ),
        loss=dict(type='CosineSimilarityLoss'),
    ),
)

custom_hooks = [
    dict(type='BrokenImageHook'),
    dict(type='NonFiniteHook'),
    dict(type='StopSignalHook'),
    dict(type='CollapseMonitorHook'),
]
