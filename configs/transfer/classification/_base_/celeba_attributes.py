_base_ = 'face_loaders.py'

train_dataloader = dict(
    dataset=dict(type='CelebAAttributes', data_root='data/celeba', split='train', pipeline=_base_.train_pipeline)
)
val_dataloader = dict(
    dataset=dict(type='CelebAAttributes', data_root='data/celeba', split='val', pipeline=_base_.test_pipeline)
)
test_dataloader = dict(
    dataset=dict(type='CelebAAttributes', data_root='data/celeba', split='test', pipeline=_base_.test_pipeline)
)

val_evaluator = [dict(type='AttributeMetric')]
test_evaluator = val_evaluator
