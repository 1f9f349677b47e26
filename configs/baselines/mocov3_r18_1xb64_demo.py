_base_ = '../fra/fra_r18_1xb64_demo.py'

norm_cfg = dict(type='BN1d')
mlp = dict(type='NonLinearNeck', hid_channels=512, out_channels=128, num_layers=2, with_last_bn_affine=False)
model = dict(
    _delete_=True,
    type='MoCoV3',
    base_momentum=0.05,
    backbone=_base_.model.backbone,
    neck=dict(mlp, in_channels=128, norm_cfg=norm_cfg),
    head=dict(
        type='MoCoV3Head',
        predictor=dict(mlp, in_channels=128, with_last_bn=False, with_avg_pool=False, norm_cfg=norm_cfg),
        loss=dict(type='CrossEntropyLoss', loss_weight=2.0),
        temperature=1.0,
    ),
)
custom_hooks = [hook for hook in _base_.custom_hooks if hook['type'] not in ('MomentumUpdateHook', 'RegionHeatmapHook')]
