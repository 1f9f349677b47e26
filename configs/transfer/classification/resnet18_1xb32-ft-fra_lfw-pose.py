# Five poses of LFW's faces, from left to right profile, on the small ResNet-18 of fra_r18_1xb64_demo.py.
_base_ = ['_base_/resnet18_w32_classifier.py', '../../_base_/default_runtime.py']

faces = dict(
    type='FaceCSV',
    data_root='data/lfw_color5pt',
    data_prefix='images',
    ann_file='attributes.csv',
    image_column='file_name',
    label_column='pose',
    classes=['1', '2', '3', '4', '5'],
    unlabelled='skip',
)
model = dict(head=dict(num_classes=5))
# A mirrored face has another pose, so there is no flip.
train_pipeline = [step for step in _base_.train_pipeline if step['type'] != 'RandomFlip']
train_dataloader = dict(
    sampler=dict(_delete_=True, type='ClassBalancedSampler'),
    dataset=dict(split='train', pipeline=train_pipeline, **faces),
)
val_dataloader = dict(dataset=dict(split='val', pipeline=_base_.test_pipeline, **faces))
test_dataloader = val_dataloader
