_base_ = 'resnet50_8xb32-ft-fra_disfa.py'

# The intensities themselves, 0 to 5, of all twelve action units.
units = [1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26]
model = dict(head=dict(_delete_=True, type='LinearRegressionHead', num_classes=len(units), in_channels=2048))
train_dataloader = dict(dataset=dict(units=units, threshold=None))
val_dataloader = dict(dataset=dict(units=units, threshold=None))
test_dataloader = val_dataloader
val_evaluator = [dict(type='AbsoluteErrorMetric', prefix='unit')]
test_evaluator = val_evaluator
