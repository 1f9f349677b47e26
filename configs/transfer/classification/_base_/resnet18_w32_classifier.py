# The small ResNet-18 whose weights come with the package, fine-tuned at 96 px. A leaf adds its faces.
_base_ = [
    'resnet50_classifier.py',
    'face_loaders.py',
    'finetune_10e.py',
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
