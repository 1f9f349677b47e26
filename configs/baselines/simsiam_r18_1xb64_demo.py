_base_ = '../fra/fra_r18_1xb64_demo.py'

norm_cfg = dict(type='BN1d')
model = dict(
    _delete_=True,
    type='SimSiam',
    backbone=_base_.model.backbone,
    neck=dict(
        type='NonLinearNeck',
        in_channels=128,
        hid_channels=512,
        out_channels=512,
        num_layers=3,
        with_last_bn_affine=False,
        norm_cfg=norm_cfg,
    ),
    head=dict(
        type='LatentPredictHead',
        predictor=dict(
            type='NonLinearNeck',
            in_channels=512,
            hid_channels=128,
            out_channels=512,
            with_last_bn=False,
            with_last_bias=True,
            with_avg_pool=False,
            norm_cfg=norm_cfg,
        ),
        loss=dict(type='CosineSimilarityLoss'),
    ),
)
custom_hooks = [hook for hook in _base_.custom_hooks if hook['type'] not in ('MomentumUpdateHook', 'RegionHeatmapHook')]
