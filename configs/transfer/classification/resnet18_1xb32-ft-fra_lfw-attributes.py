# Smile, gender and glasses of LFW's faces, on the small ResNet-18 of fra_r18_1xb64_demo.py.
_base_ = ['_base_/resnet18_w32_classifier.py', '../../_base_/default_runtime.py']

attributes = ['smile', 'gender', 'glasses']
faces = dict(
    type='FaceCSV',
    data_root='data/lfw_color5pt',
    data_prefix='images',
    ann_file='attributes.csv',
    image_column='file_name',
    attribute_columns=attributes,
    no=['2'],
    unlabelled='skip',
)
# mmpretrain sums the cross-entropies of the attributes; this weight makes it their mean.
model = dict(
    head=dict(
        _delete_=True,
        type='MultiLabelLinearClsHead',
        num_classes=len(attributes),
        in_channels=128,
        loss=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1 / len(attributes)),
    )
)
train_dataloader = dict(dataset=dict(split='train', pipeline=_base_.train_pipeline, **faces))
val_dataloader = dict(dataset=dict(split='val', pipeline=_base_.test_pipeline, **faces))
test_dataloader = val_dataloader
val_evaluator = [dict(type='AttributeMetric')]
test_evaluator = val_evaluator
