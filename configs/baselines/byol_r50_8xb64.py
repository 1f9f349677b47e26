# BYOL on the data and recipe of FRA, with its backbone, widths and momentum.
_base_ = [
    '../_base_/datasets/vggface2_two_views.py',
    '../_base_/schedules/lars_coslr_50e.py',
    '../_base_/pretrain_runtime.py',
]

norm_cfg = dict(type='NonBlockingSyncBN')
model = dict(
    type='BYOL',
    base_momentum=0.004,
    backbone=dict(type='ResNet', depth=50, norm_cfg=norm_cfg, zero_init_residual=False),
    neck=dict(
        type='NonLinearNeck',
        in_channels=2048,
        hid_channels=4096,
        out_channels=256,
        with_last_bn=False,
        norm_cfg=norm_cfg,
    ),
    head=dict(
        type='LatentPredictHead',
        predictor=dict(
            type='NonLinearNeck',
            in_channels=256,
            hid_channels=4096,
            out_channels=256,
            with_last_bn=False,
            with_avg_pool=False,
            norm_cfg=norm_cfg,
        ),
        loss=dict(type='CosineSimilarityLoss'),
    ),
)

resume = True
