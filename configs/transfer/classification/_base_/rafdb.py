_base_ = 'face_loaders.py'

train_dataloader = dict(
    dataset=dict(type='RAFDB', data_root='data/rafdb', split='train', pipeline=_base_.train_pipeline)
)
# RAF-DB has no validation split. Report the last epoch: the best one would be chosen on the test split.
val_dataloader = dict(dataset=dict(type='RAFDB', data_root='data/rafdb', split='test', pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
