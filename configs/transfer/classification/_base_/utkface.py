_base_ = 'face_loaders.py'

train_dataloader = dict(
    dataset=dict(type='UTKFace', data_root='data/utkface', split='train', pipeline=_base_.train_pipeline)
)
# There is no validation split. Report the last epoch: the best one would be chosen on the test split.
val_dataloader = dict(
    dataset=dict(type='UTKFace', data_root='data/utkface', split='test', pipeline=_base_.test_pipeline)
)
test_dataloader = val_dataloader

# Mean absolute error in years, and the percentage of faces with an error of at most 5 years.
val_evaluator = [dict(type='AbsoluteErrorMetric', tolerances=(5,), prefix='age')]
test_evaluator = val_evaluator
