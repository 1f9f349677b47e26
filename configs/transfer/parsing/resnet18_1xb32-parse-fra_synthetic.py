# Parts of drawn faces, from the weights that come with the package: nothing is downloaded.
_base_ = [
    '_base_/resnet50_parser.py',
    '_base_/parsing_loaders.py',
    '../classification/_base_/finetune_10e.py',
    '../../_base_/models/resnet18_w32.py',
    '../../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        _delete_=True,
        **dict(_base_.backbone, out_indices=(0, 1, 2)),
        init_cfg=dict(type='PretrainedBackbone', checkpoint='fra_r18w32_96px'),
    ),
    head=dict(num_classes=17, in_channels=[32, 64, 128], hid_channels=64),
)

faces = dict(type='SyntheticRegions', data_root='data/synthetic_faces')
train_pipeline, test_pipeline = _base_.train_pipeline, _base_.test_pipeline
train_pipeline[2].update(scale=(96, 96))
train_pipeline[3].update(swap_seg_labels=[(3, 4), (5, 6), (9, 10)])  # brows, eyes, ears
test_pipeline[2].update(scale=(96, 96))
train_dataloader = dict(batch_size=32, num_workers=1, dataset=dict(faces, split='train', pipeline=train_pipeline))
val_dataloader = dict(num_workers=1, dataset=dict(faces, split='val', pipeline=test_pipeline))
test_dataloader = val_dataloader
