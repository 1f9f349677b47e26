_base_ = [
    '_base_/resnet50_classifier.py',
    '_base_/face_loaders.py',
    '_base_/finetune_100e.py',
    '../../_base_/default_runtime.py',
]

# num_classes is the number of folders.
model = dict(head=dict(num_classes=7))
# data/faces/train/CLASS/*.jpg and data/faces/val/CLASS/*.jpg
train_dataloader = dict(
    batch_size=64,
    dataset=dict(type='ClassFolders', data_root='data/faces', data_prefix='train', pipeline=_base_.train_pipeline),
)
val_dataloader = dict(
    dataset=dict(
        type='ClassFolders',
        data_root='data/faces',
        data_prefix='val',
        classes_from='train',
        pipeline=_base_.test_pipeline,
        test_mode=True,
    )
)
test_dataloader = val_dataloader
auto_scale_lr = dict(base_batch_size=64)
