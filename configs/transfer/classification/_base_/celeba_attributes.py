_base_ = 'face_loaders.py'

# mmpretrain sums the cross-entropies of the attributes; this weight makes it their mean.
attribute_head = dict(
    type='MultiLabelLinearClsHead',
    num_classes=40,
    in_channels=2048,
    loss=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1 / 40),
)

train_dataloader = dict(
    dataset=dict(type='CelebAAttributes', data_root='data/celeba', split='train', pipeline=_base_.train_pipeline)
)
val_dataloader = dict(
    dataset=dict(type='CelebAAttributes', data_root='data/celeba', split='val', pipeline=_base_.test_pipeline)
)
test_dataloader = dict(
    dataset=dict(type='CelebAAttributes', data_root='data/celeba', split='test', pipeline=_base_.test_pipeline)
)

val_evaluator = [dict(type='AttributeMetric')]
test_evaluator = val_evaluator
