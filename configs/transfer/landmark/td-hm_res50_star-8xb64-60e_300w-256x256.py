"""300W: means of heatmaps with the STAR loss, on a ResNet-50 that starts from FRA weights."""

_base_ = ['_base_/w300.py', '_base_/resnet50.py', '_base_/heatmap_star.py']

model = dict(
    _delete_=True,
    head=dict(num_joints=_base_.num_keypoints, **_base_.method.head),
    **_base_.method.model,
    **_base_.topdown,
)
train_dataloader = dict(dataset=dict(pipeline=_base_.method.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.method.val_pipeline))
test_dataloader = val_dataloader
