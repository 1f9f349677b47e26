"""Synthetic faces, 68 landmarks: a tenth of the labels, on the small ResNet-18 of fra_r18_1xb64_demo.py."""

_base_ = ['_base_/w300.py', '_base_/resnet50.py', '../../_base_/models/resnet18_w32.py']

codec = dict(type='UDPHeatmap', input_size=(96, 96), heatmap_size=(24, 24), sigma=1)
train_pipeline = [
    dict(type='LoadLandmarkImage', skip_broken=True),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='RandomBBoxTransform', shift_prob=0, rotate_factor=30, scale_factor=(0.85, 1.15)),
    dict(type='TopdownAffine', input_size=(96, 96), use_udp=True),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    dict(type='LoadLandmarkImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=(96, 96), use_udp=True),
    dict(type='PackPoseInputs'),
]

model = dict(
    _delete_=True,
    type='TopdownPoseEstimator',
    data_preprocessor=_base_.topdown.data_preprocessor,
    backbone=dict(**_base_.backbone, init_cfg=dict(type='PretrainedBackbone', checkpoint='fra_r18w32_96px')),
    head=dict(
        type='HeatmapHead',
        in_channels=128,
        out_channels=68,
        deconv_out_channels=(64, 64),
        deconv_kernel_sizes=(4, 4),
        loss=dict(type='KeypointMSELoss', use_target_weight=True),
        decoder=codec,
    ),
    train_cfg=dict(compute_acc=False),
    test_cfg=dict(flip_test=False, shift_heatmap=False),
)

train_dataloader = dict(
    batch_size=32,
    num_workers=1,
    dataset=dict(
        _delete_=True,
        type='RepeatDataset',
        times=6,  # 240 steps: after 80 of them random weights are far from converged
        dataset=dict(
            type='LabelBudget',
            share=0.1,
            dataset=dict(
                type='Face300WDataset',
                data_root='data/synthetic_faces/',
                data_mode='topdown',
                data_prefix=dict(img='images/'),
                ann_file='annotations/landmarks_train.json',
                pipeline=train_pipeline,
            ),
        ),
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=1,
    dataset=dict(
        _delete_=True,
        type='Face300WDataset',
        data_root='data/synthetic_faces/',
        data_mode='topdown',
        data_prefix=dict(img='images/'),
        ann_file='annotations/landmarks_val.json',
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(_delete_=True, type='FaceAlignmentMetric', norm='interocular')
test_evaluator = val_evaluator

train_cfg = dict(max_epochs=8, val_interval=8)
auto_scale_lr = dict(base_batch_size=32)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=10, start_factor=0.001, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=0, end=8, by_epoch=True, convert_to_iter_based=True),
]
