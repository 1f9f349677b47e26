# What all face parsing data sets share. The label map is resized and flipped with its image.
train_pipeline = [
    dict(type='LoadFace'),
    dict(type='LoadLabelMap'),
    dict(type='Resize', scale=(224, 224)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='FastColorJitter', brightness=0.3, contrast=0.3, saturation=0.3),
    dict(type='PackInputs', algorithm_keys=('gt_seg_map',)),
]
test_pipeline = [
    dict(type='LoadFace'),
    dict(type='LoadLabelMap'),
    dict(type='Resize', scale=(224, 224)),
    dict(type='PackInputs', algorithm_keys=('gt_seg_map',)),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='ParsingMetric')
test_evaluator = val_evaluator
