# A ResNet-50 at 112 px on a folder of your own faces, for one GPU.
_base_ = 'fra_r18_1xb64_myfaces.py'

# A last stage without a stride gives a map of 7 x 7, as in the official recipe.
model = dict(
    backbone=dict(
        _delete_=True,
        type='ResNet',
        depth=50,
        strides=(1, 2, 2, 1),
        norm_cfg=dict(type='BN'),
        zero_init_residual=False,
    ),
    neck=dict(in_channels=2048),
)

crop = dict(type='FastRandomResizedCrop', scale=112, crop_ratio_range=(0.2, 1.0))
view = [crop] + _base_.view[1:]
first_view = [crop] + _base_.first_view[1:]
second_view = [crop] + _base_.second_view[1:]
train_pipeline = [
    dict(type='LoadFace', reduce_to=290),  # 112 / sqrt(0.75 * 0.2)
    dict(type='LocatedMultiView', num_views=[1, 1], transforms=[first_view, second_view]),
    _base_.train_pipeline[-1],
]
train_dataloader = dict(batch_size=256, num_workers=8, pin_memory=True, dataset=dict(pipeline=train_pipeline))

optim_wrapper = dict(optimizer=dict(lr=6e-4))
param_scheduler = [dict(_base_.param_scheduler[0], end=100), _base_.param_scheduler[1]]
auto_scale_lr = dict(base_batch_size=256)
custom_hooks = _base_.custom_hooks[:-1] + [dict(type='RegionHeatmapHook', image_size=112, interval=2)]
