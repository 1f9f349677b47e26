# The small ResNet-18 whose weights come with the package, fine-tuned at 96 px. A leaf adds its faces.
_base_ = [
    'resnet50_classifier.py',
    'face_loaders.py',
    'finetune_100e.py',
    '../../../_base_/models/resnet18_w32.py',
]

model = dict(
    backbone=dict(
        _delete_=True,
        **_base_.backbone,
        init_cfg=dict(type='PretrainedBackbone', checkpoint='fra_r18w32_96px'),
    ),
    head=dict(in_channels=128),
)

train_pipeline = [
    dict(type='LoadFace'),
    dict(type='FaceCrop', size=96),
    dict(type='RandomFlip', prob=0.5),
    dict(type='FastColorJitter', brightness=0.3, contrast=0.3, saturation=0.3),
    dict(type='Rotate', magnitude_range=(0, 10), magnitude_std='inf', prob=0.5, pad_val=0, interpolation='bilinear'),
    dict(type='PackInputs'),
]
test_pipeline = [dict(type='LoadFace'), dict(type='FaceCrop', size=96), dict(type='PackInputs')]
train_dataloader = dict(num_workers=1)
val_dataloader = dict(num_workers=1)
test_dataloader = val_dataloader

optim_wrapper = dict(
    _delete_=True, type='BFloat16OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05)
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=1, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=10, val_interval=10)
auto_scale_lr = dict(base_batch_size=32)
