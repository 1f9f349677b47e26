# Smile, gender and glasses of LFW faces, on the small ResNet-18 of fra_r18_1xb64_demo.py.
_base_ = 'resnet18_1xb32-ft-fra_muxspace.py'

attributes = ['smile', 'gender', 'glasses']

# mmpretrain sums the cross-entropies of the attributes: take their mean.
model = dict(
    head=dict(
        _delete_=True,
        type='MultiLabelLinearClsHead',
        num_classes=len(attributes),
        in_channels=128,
        loss=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1 / len(attributes))))
faces = dict(
    data_root='data/lfw_color5pt', ann_file='attributes.csv', attribute_columns=attributes, no=['2'], classes=None)
train_dataloader = dict(dataset=faces)
val_dataloader = dict(dataset=faces)
test_dataloader = val_dataloader
val_evaluator = [dict(type='AttributeMetric')]
test_evaluator = val_evaluator

param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=20),
    dict(type='CosineAnnealingLR', T_max=3, by_epoch=True, begin=0, end=3, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=3, val_interval=3)
