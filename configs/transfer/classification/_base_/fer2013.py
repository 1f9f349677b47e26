_base_ = 'face_loaders.py'

# The images come from the csv file, so there is nothing to load.
train_dataloader = dict(
    dataset=dict(type='FER2013', data_root='data/fer2013', split='train', pipeline=_base_.train_pipeline[1:])
)
val_dataloader = dict(
    dataset=dict(type='FER2013', data_root='data/fer2013', split='val', pipeline=_base_.test_pipeline[1:])
)
test_dataloader = dict(
    dataset=dict(type='FER2013', data_root='data/fer2013', split='test', pipeline=_base_.test_pipeline[1:])
)
