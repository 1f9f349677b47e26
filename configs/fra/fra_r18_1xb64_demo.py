_base_ = [
    '../_base_/models/fra_r50.py',
    '../_base_/models/resnet18_w32.py',
    '../_base_/datasets/faces_two_views_96px.py',
    '../_base_/schedules/lars_coslr_50e.py',
    '../_base_/fra_runtime.py',
]

# For minutes on two CPU cores. Two settings are not in the paper. cross_view: the teacher sees the other view; with the same
# view, the regions follow the position in the image. per_face: the regions are balanced within each face; with the balance
# over all faces, they separate kinds of pictures, such as grey and colour ones.
model = dict(
    base_momentum=0.2,
    backbone=dict(_delete_=True, **_base_.backbone),
    neck=dict(in_channels=128, hid_channels=512, out_channels=128, norm_cfg=dict(type='BN')),
    head=dict(
        hid_channels=512,
        norm_cfg=dict(type='BN'),
        cross_view=True,
        # At first two views hardly agree on the regions; a sharp teacher makes up for it.
        relation_loss=dict(per_face=True, teacher_temp=0.005, sinkhorn_iters=10, loss_weight=1.0),
    ),
)

# Ten times the learning rate for the predictors: with one rate for all, the embeddings keep only 2 of their 128 directions
# after so few steps.
quick = dict(lr_mult=10.0)
optim_wrapper = dict(
    _delete_=True,
    type='BFloat16OptimWrapper',
    constructor='TrainedOnlyConstructor',
    optimizer=dict(type='AdamW', lr=3e-4, weight_decay=0.02),
    paramwise_cfg=dict(custom_keys={'head.predictor': quick, 'head.region_predictor': quick}),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=30),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=0, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=10)
auto_scale_lr = dict(base_batch_size=64)
default_hooks = dict(logger=dict(interval=10))
custom_hooks = [hook for hook in _base_.custom_hooks if hook['type'] != 'CollapseMonitorHook'] + [
    dict(type='CollapseMonitorHook', interval=10),
    dict(type='RegionHeatmapHook', image_size=96, interval=2),
]
