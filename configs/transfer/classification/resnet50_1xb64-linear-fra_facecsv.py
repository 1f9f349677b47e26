_base_ = [
    '_base_/resnet50_frozen.py',
    '_base_/face_csv.py',
    '_base_/linear_100e.py',
    '../../_base_/default_runtime.py',
]

# num_classes is the number of different labels in the file.
model = dict(head=dict(num_classes=7))
train_dataloader = dict(batch_size=64)
auto_scale_lr = dict(base_batch_size=64)
