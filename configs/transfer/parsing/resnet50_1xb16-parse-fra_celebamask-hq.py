_base_ = [
    '_base_/resnet50_parser.py',
    '_base_/celebamask_hq.py',
    '../classification/_base_/finetune_100e.py',
    '../../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=19))
auto_scale_lr = dict(base_batch_size=16)
