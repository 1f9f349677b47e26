_base_ = [
    '_base_/resnet50_classifier.py',
    '_base_/face_folders.py',
    '_base_/finetune_100e.py',
    '../../_base_/default_runtime.py',
]

# num_classes is the number of folders.
model = dict(head=dict(num_classes=7))
train_dataloader = dict(batch_size=64)
auto_scale_lr = dict(base_batch_size=64)
