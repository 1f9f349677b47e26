_base_ = 'face_loaders.py'

# No rotation and no shift: the first would change the roll, and the face is in its box.
train_pipeline = [
    dict(type='LoadFace'),
    dict(type='Resize', scale=(224, 224)),
    dict(type='RandomFlipPose', prob=0.5),
    dict(
        type='RandomApply',
        transforms=[dict(type='FastColorJitter', brightness=0.5, contrast=0.5, saturation=0.5)],
        prob=0.5,
    ),
    dict(type='RandomErasing', erase_prob=0.5, max_area_ratio=0.33, mode='const', fill_color=(89, 103, 133)),
    dict(type='PackInputs'),
]
train_dataloader = dict(dataset=dict(type='Pose300WLP', data_root='data/300w_lp', pipeline=train_pipeline))
# Papers train on 300W-LP and report the last epoch on AFLW2000.
val_dataloader = dict(dataset=dict(type='AFLW2000', data_root='data/aflw2000', pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader

# Mean absolute errors of yaw, pitch and roll, in degrees.
val_evaluator = [dict(type='AbsoluteErrorMetric', prefix='pose')]
test_evaluator = val_evaluator
