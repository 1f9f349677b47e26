# Five expressions of github.com/muxspace/facial_expressions, on the small ResNet-18 of fra_r18_1xb64_demo.py.
_base_ = ['_base_/resnet18_w32_classifier.py', '../../_base_/default_runtime.py']

faces = dict(
    type='FaceCSV',
    data_root='data/muxspace_expr',
    data_prefix='images',
    ann_file='labels.csv',
    image_column='file_name',
    label_column='expression',
    classes=['neutral', 'happiness', 'surprise', 'sadness', 'anger'],
    unlabelled='skip',
)
model = dict(head=dict(num_classes=5))
train_dataloader = dict(
    sampler=dict(_delete_=True, type='ClassBalancedSampler'),  # one face in fifty is angry
    dataset=dict(split='train', pipeline=_base_.train_pipeline, **faces),
)
val_dataloader = dict(dataset=dict(split='val', pipeline=_base_.test_pipeline, **faces))
test_dataloader = val_dataloader
