_base_ = [
    '_base_/resnet50_classifier.py',
    '_base_/head_pose.py',
    '_base_/finetune_100e.py',
    '../../_base_/default_runtime.py',
]

# Rough spreads of yaw, pitch and roll, in degrees.
model = dict(head=dict(_delete_=True, type='LinearRegressionHead', num_classes=3, in_channels=2048, std=[40, 15, 15]))
