# Face parsing on LaPa, the whole network trained.
_base_ = [
    '_base_/resnet50_parser.py',
    '_base_/lapa.py',
    '../classification/_base_/finetune_100e.py',
    '../../_base_/default_runtime.py',
]

auto_scale_lr = dict(base_batch_size=16)
