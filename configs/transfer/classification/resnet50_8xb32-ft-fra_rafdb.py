_base_ = [
    '_base_/resnet50_classifier.py',
    '_base_/rafdb.py',
    '_base_/finetune_100e.py',
    '../../_base_/default_runtime.py',
]
