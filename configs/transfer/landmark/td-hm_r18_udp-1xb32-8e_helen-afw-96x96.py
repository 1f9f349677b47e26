"""Helen and AFW, 68 landmarks, on the small ResNet-18 of fra_r18_1xb64_demo.py."""

_base_ = '_base_/resnet18_w32_heatmap.py'

faces = dict(
    type=_base_.dataset_type,
    data_root='data/lm68_helen_afw/',
    data_mode=_base_.data_mode,
    data_prefix=dict(img='images/'),
)
train_dataloader = dict(dataset=dict(ann_file='annotations_train.json', pipeline=_base_.train_pipeline, **faces))
val_dataloader = dict(
    dataset=dict(ann_file='annotations_test.json', test_mode=True, pipeline=_base_.val_pipeline, **faces)
)
test_dataloader = val_dataloader
