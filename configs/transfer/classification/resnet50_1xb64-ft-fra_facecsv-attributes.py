_base_ = 'resnet50_1xb64-ft-fra_facecsv.py'

# data/faces/labels.csv: path,split and a column for each attribute, with 1 and 0 (or -1).
attributes = ['smile', 'glasses']

# mmpretrain sums the cross-entropies of the attributes; this weight makes it their mean.
model = dict(
    head=dict(
        _delete_=True,
        type='MultiLabelLinearClsHead',
        num_classes=len(attributes),
        in_channels=2048,
        loss=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1 / len(attributes)),
    )
)
train_dataloader = dict(dataset=dict(attribute_columns=attributes))
val_dataloader = dict(dataset=dict(attribute_columns=attributes))
test_dataloader = val_dataloader
val_evaluator = [dict(type='AttributeMetric')]
test_evaluator = val_evaluator
