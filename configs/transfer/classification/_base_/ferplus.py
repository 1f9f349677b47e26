_base_ = 'face_loaders.py'

# The images come from fer2013.csv, so there is nothing to load.
train_dataloader = dict(
    dataset=dict(type='FERPlus', data_root='data/ferplus', split='train', pipeline=_base_.train_pipeline[1:])
)
val_dataloader = dict(
    dataset=dict(type='FERPlus', data_root='data/ferplus', split='val', pipeline=_base_.test_pipeline[1:])
)
test_dataloader = dict(
    dataset=dict(type='FERPlus', data_root='data/ferplus', split='test', pipeline=_base_.test_pipeline[1:])
)
