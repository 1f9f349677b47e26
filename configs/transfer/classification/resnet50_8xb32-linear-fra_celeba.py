_base_ = [
    '_base_/resnet50_frozen.py',
    '_base_/celeba_attributes.py',
    '_base_/linear_100e.py',
    '../../_base_/default_runtime.py',
]

model = dict(head=dict(_delete_=True, **_base_.attribute_head))
