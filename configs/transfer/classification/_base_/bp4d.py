_base_ = 'face_loaders.py'

# Fold 3 is tested; the published F1 is the mean over the three folds.
train_dataloader = dict(
    dataset=dict(type='BP4D', data_root='data/bp4d', split='train', test_on=3, pipeline=_base_.train_pipeline)
)
val_dataloader = dict(
    dataset=dict(type='BP4D', data_root='data/bp4d', split='test', test_on=3, pipeline=_base_.test_pipeline)
)
test_dataloader = val_dataloader

# F1 of each action unit and their mean, in percent.
val_evaluator = [dict(type='AttributeMetric', prefix='unit')]
test_evaluator = val_evaluator
