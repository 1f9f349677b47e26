_base_ = ['_base_/resnet18_w32_classifier.py', '../../_base_/default_runtime.py']

# This config only tests: tools/test.py THIS CHECKPOINT, such as fra_r18w32_96px or a checkpoint of the small network.
model = dict(backbone=dict(init_cfg=None), head=dict(_delete_=True, type='FeatureHead'))
custom_hooks = [dict(type='LoadBackboneHook')]

train_dataloader = None
train_cfg = None
optim_wrapper = None
param_scheduler = None
val_dataloader = None
val_cfg = None
val_evaluator = None
# LFW as handed out is 250 px with the face in the middle: put dict(type='CenterCrop', crop_size=160) after LoadFace.
test_dataloader = dict(
    dataset=dict(
        type='FacePairs', data_root='data/lfw', ann_file='pairs.txt', data_prefix='lfw', pipeline=_base_.test_pipeline
    )
)
test_evaluator = dict(_delete_=True, type='VerificationMetric')
test_cfg = dict()
