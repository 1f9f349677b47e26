"""Method: heatmaps at 96 px, with UDP, of the small ResNet-18 whose weights come with the package. A leaf adds its faces."""

_base_ = ['mmpose::_base_/default_runtime.py', 'resnet50.py', '../../../_base_/models/resnet18_w32.py']

codec = dict(type='UDPHeatmap', input_size=(96, 96), heatmap_size=(24, 24), sigma=1)
# mmpose's inferencer asks for both.
dataset_type = 'Face300WDataset'
data_mode = 'topdown'

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
    type='TopdownPoseEstimator',
    data_preprocessor=_base_.topdown.data_preprocessor,
    backbone=dict(**_base_.backbone, init_cfg=dict(type='PretrainedBackbone', checkpoint='fra_r18w32_96px')),
    head=dict(
        type='HeatmapHead',
        in_channels=128,
        out_channels=68,
        deconv_out_channels=(64,),
        deconv_kernel_sizes=(4,),
        loss=dict(type='KeypointMSELoss', use_target_weight=True),
        decoder=codec,
    ),
    train_cfg=dict(compute_acc=False),
    test_cfg=dict(flip_test=False, shift_heatmap=False),
)

train_dataloader = dict(
    batch_size=32,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='FaceAlignmentMetric', norm='interocular')
test_evaluator = val_evaluator
default_hooks = dict(
    checkpoint=dict(save_best='NME_interocular', rule='less', interval=1, max_keep_ckpts=1),
    labels=dict(type='LabelCheckHook'),
)

train_cfg = dict(max_epochs=8, val_interval=8)
optim_wrapper = dict(type='BFloat16OptimWrapper', optimizer=dict(type='Adam', lr=2e-3))
auto_scale_lr = dict(base_batch_size=32)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=10, start_factor=0.001, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=0, by_epoch=True, convert_to_iter_based=True),
]
