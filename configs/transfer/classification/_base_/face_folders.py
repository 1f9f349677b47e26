_base_ = 'face_loaders.py'

# data/faces/train/CLASS/*.jpg and data/faces/val/CLASS/*.jpg
train_dataloader = dict(
    dataset=dict(type='ClassFolders', data_root='data/faces', data_prefix='train', pipeline=_base_.train_pipeline)
)
val_dataloader = dict(
    dataset=dict(
        type='ClassFolders',
        data_root='data/faces',
        data_prefix='val',
        classes_from='train',
        pipeline=_base_.test_pipeline,
        test_mode=True,
    )
)
test_dataloader = val_dataloader
