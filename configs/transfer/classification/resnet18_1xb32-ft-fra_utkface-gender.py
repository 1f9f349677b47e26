# Gender by UTKFace's labels, and its accuracy by race and age, on the small ResNet-18 of fra_r18_1xb64_demo.py.
_base_ = 'resnet18_1xb32-ft-fra_muxspace.py'

model = dict(head=dict(num_classes=2))
faces = dict(data_root='data/utkface112', label_column='gender', classes=['0', '1'])
train_dataloader = dict(dataset=faces)
val_dataloader = dict(dataset=faces)
test_dataloader = val_dataloader
val_evaluator = [
    *_base_.val_evaluator,
    dict(
        type='GroupAccuracy',
        data_root='data/utkface112',
        data_prefix='images',
        ann_file='labels.csv',
        image_column='file_name',
        group_columns=['race', 'age'],
        bins=dict(age=[30, 50, 70]),
    ),
]
test_evaluator = val_evaluator
