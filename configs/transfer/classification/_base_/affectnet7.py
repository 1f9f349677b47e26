_base_ = 'face_loaders.py'

train_dataloader = dict(
    sampler=dict(_delete_=True, type='ClassBalancedSampler'),
    dataset=dict(
        type='AffectNet', data_root='data/affectnet', split='train', num_classes=7, pipeline=_base_.train_pipeline
    ),
)
# The test split was never published: papers report the last epoch on the validation split.
val_dataloader = dict(
    dataset=dict(
        type='AffectNet', data_root='data/affectnet', split='val', num_classes=7, pipeline=_base_.test_pipeline
    )
)
test_dataloader = val_dataloader
