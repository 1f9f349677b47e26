_base_ = [
    '_base_/resnet50_classifier.py',
    '_base_/ferplus.py',
    '_base_/finetune_100e.py',
    '../../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=8))
