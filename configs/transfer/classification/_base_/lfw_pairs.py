_base_ = ['resnet50_classifier.py', 'face_loaders.py', '../../../_base_/default_runtime.py']

# Verification only tests: tools/test.py THIS CHECKPOINT, of any layout that PretrainedBackbone knows.
model = dict(backbone=dict(init_cfg=None), head=dict(_delete_=True, type='FeatureHead'))
custom_hooks = [dict(type='LoadBackboneHook')]

train_dataloader = None
val_dataloader = None
val_evaluator = None
# LFW as handed out is 250 px with the face in the middle: put dict(type='CenterCrop', crop_size=160) after LoadFace.
test_dataloader = dict(
    dataset=dict(
        type='FacePairs', data_root='data/lfw', ann_file='pairs.txt', data_prefix='lfw', pipeline=_base_.test_pipeline
    )
)
test_evaluator = dict(_delete_=True, type='VerificationMetric')
test_cfg = dict()
