"""Landmarks of your own, here five points, on the small ResNet-18 whose weights come with the package.

Four things depend on the points: ``names``, ``swap``, the number of the head's output channels, and the distance of the
metric. Eye corners are known for 19, 29, 68, 98 and 106 points only; the side of the face box works for any number.
"""

_base_ = '_base_/resnet18_w32_heatmap.py'

names = ['left_eye', 'right_eye', 'nose', 'left_mouth', 'right_mouth']  # in the order of the keypoints in the json
# Which point takes the place of which in a mirrored face.
swap = dict(left_eye='right_eye', right_eye='left_eye', left_mouth='right_mouth', right_mouth='left_mouth')
points = dict(
    dataset_name='facelandmarks',
    keypoint_info={number: dict(name=name, swap=swap.get(name, '')) for number, name in enumerate(names)},
    skeleton_info=dict(),
    joint_weights=[1.0] * len(names),
    sigmas=[],
)
model = dict(head=dict(out_channels=len(names)))

# data/face_landmarks/train.json, val.json and images/
faces = dict(
    type=_base_.dataset_type,
    data_root='data/face_landmarks/',
    data_mode=_base_.data_mode,
    data_prefix=dict(img='images/'),
    metainfo=points,
)
train_dataloader = dict(dataset=dict(ann_file='train.json', pipeline=_base_.train_pipeline, **faces))
val_dataloader = dict(dataset=dict(ann_file='val.json', test_mode=True, pipeline=_base_.val_pipeline, **faces))
test_dataloader = val_dataloader

val_evaluator = dict(norm='box_size')
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='NME_box_size'))

train_cfg = dict(max_epochs=60, val_interval=10)
