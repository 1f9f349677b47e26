_base_ = [
    '_base_/resnet50_classifier.py',
    '_base_/utkface.py',
    '_base_/finetune_100e.py',
    '../../_base_/default_runtime.py',
]

# Mean and spread of the ages, in years.
model = dict(
    head=dict(_delete_=True, type='LinearRegressionHead', num_classes=1, in_channels=2048, mean=[33], std=[20])
)
