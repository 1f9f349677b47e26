_base_ = 'face_loaders.py'

train_dataloader = dict(
    dataset=dict(type='RAFDB', data_root='data/rafdb', split='train', pipeline=_base_.train_pipeline)
)
# RAF-DB has no validation split: the last epoch counts, as the best one would be chosen by the test split.
val_dataloader = dict(dataset=dict(type='RAFDB', data_root='data/rafdb', split='test', pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
