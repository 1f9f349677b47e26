_base_ = [
    '_base_/resnet50_classifier.py',
    '_base_/celeba_attributes.py',
    '_base_/finetune_100e.py',
    '../../_base_/default_runtime.py',
]

# mmpretrain sums the cross-entropies of the attributes; this weight makes it their mean.
model = dict(
    head=dict(
        _delete_=True,
        type='MultiLabelLinearClsHead',
        num_classes=40,
        in_channels=2048,
        loss=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1 / 40),
    )
)
