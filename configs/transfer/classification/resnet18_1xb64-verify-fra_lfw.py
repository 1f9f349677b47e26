# Verification with the small ResNet-18 whose weights come with the package, at 96 px.
_base_ = ['_base_/lfw_pairs.py', '../../_base_/models/resnet18_w32.py']

model = dict(backbone=dict(_delete_=True, **_base_.backbone, init_cfg=None))
test_pipeline = [dict(type='LoadFace'), dict(type='FaceCrop', size=96), dict(type='PackInputs')]
test_dataloader = dict(num_workers=1, dataset=dict(pipeline=test_pipeline))
