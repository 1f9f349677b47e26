_base_ = [
    '_base_/resnet50_frozen.py',
    '_base_/affectnet7.py',
    '_base_/linear_100e.py',
    '../../_base_/default_runtime.py',
]
