"""AFLW: regression with RLE, on a ResNet-50 that starts from FRA weights."""

_base_ = ['_base_/aflw.py', '_base_/resnet50.py', '_base_/regression_rle.py']

model = dict(
    _delete_=True,
    head=dict(num_joints=_base_.num_keypoints, **_base_.method.head),
    **_base_.method.model,
    **_base_.topdown,
)
train_dataloader = dict(dataset=dict(pipeline=_base_.method.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.method.val_pipeline))
test_dataloader = val_dataloader
train_cfg = _base_.method.schedule.train_cfg
optim_wrapper = _base_.method.schedule.optim_wrapper
param_scheduler = _base_.method.schedule.param_scheduler
