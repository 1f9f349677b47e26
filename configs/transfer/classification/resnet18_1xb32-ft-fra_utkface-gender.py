# Gender by UTKFace's labels, and its accuracy by race and age, on the small ResNet-18 of fra_r18_1xb64_demo.py.
_base_ = ['_base_/resnet18_w32_classifier.py', '../../_base_/default_runtime.py']

table = dict(data_root='data/utkface112', data_prefix='images', ann_file='labels.csv', image_column='file_name')
faces = dict(type='FaceCSV', label_column='gender', classes=['0', '1'], unlabelled='skip', **table)
model = dict(head=dict(num_classes=2))
train_dataloader = dict(
    sampler=dict(_delete_=True, type='ClassBalancedSampler'),
    dataset=dict(split='train', pipeline=_base_.train_pipeline, **faces),
)
val_dataloader = dict(dataset=dict(split='val', pipeline=_base_.test_pipeline, **faces))
test_dataloader = val_dataloader
val_evaluator = [
    *_base_.val_evaluator,
    dict(type='GroupAccuracy', group_columns=['race', 'age'], bins=dict(age=[30, 50, 70]), **table),
]
test_evaluator = val_evaluator
