# What all face data sets of classification share: pipelines, loaders, and the metrics that papers report.
train_pipeline = [
    dict(type='LoadFace'),
    dict(type='FaceCrop', size=224),
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='RandomApply',
        transforms=[dict(type='FastColorJitter', brightness=0.5, contrast=0.5, saturation=0.5)],
        prob=0.5,
    ),
    # Shifts by up to a fifth of the image in each direction; like the rotations, drawn uniformly and filled with black.
    dict(
        type='RandomApply',
        transforms=[
            dict(
                type='Translate',
                magnitude_range=(0, 0.2),
                magnitude_std='inf',
                direction=direction,
                prob=1.0,
                pad_val=0,
            )
            for direction in ('horizontal', 'vertical')
        ],
        prob=0.5,
    ),
    dict(type='Rotate', magnitude_range=(0, 10), magnitude_std='inf', prob=0.5, pad_val=0, interpolation='bilinear'),
    # Filled with the mean colour (BGR).
    dict(type='RandomErasing', erase_prob=0.5, max_area_ratio=0.33, mode='const', fill_color=(89, 103, 133)),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='LoadFace'),
    dict(type='FaceCrop', size=224),
    dict(type='PackInputs'),
]

train_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = val_dataloader

val_evaluator = [dict(type='Accuracy', topk=(1,)), dict(type='ClassAccuracy')]
test_evaluator = val_evaluator
