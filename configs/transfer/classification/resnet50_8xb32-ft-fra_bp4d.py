_base_ = [
    '_base_/resnet50_classifier.py',
    '_base_/bp4d.py',
    '_base_/finetune_100e.py',
    '../../_base_/default_runtime.py',
]

# mmpretrain sums the cross-entropies of the action units; this weight makes it their mean.
model = dict(
    head=dict(
        _delete_=True,
        type='MultiLabelLinearClsHead',
        num_classes=12,
        in_channels=2048,
        loss=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1 / 12),
    )
)
# Neighbouring frames hardly differ: a few epochs are enough.
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=True, begin=1, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=10)
