# Ages of UTKFace at 112 px, on the small ResNet-18 of fra_r18_1xb64_demo.py.
_base_ = ['_base_/resnet18_w32_classifier.py', '../../_base_/default_runtime.py']

faces = dict(type='UTKFace', data_root='data/utkface112')
model = dict(head=dict(_delete_=True, type='LinearRegressionHead', num_classes=1, in_channels=128, mean=[40], std=[17]))
train_dataloader = dict(dataset=dict(split='train', pipeline=_base_.train_pipeline, **faces))
val_dataloader = dict(dataset=dict(split='test', pipeline=_base_.test_pipeline, **faces))
test_dataloader = val_dataloader
val_evaluator = [dict(type='AbsoluteErrorMetric', tolerances=(5,), prefix='age')]
test_evaluator = val_evaluator
