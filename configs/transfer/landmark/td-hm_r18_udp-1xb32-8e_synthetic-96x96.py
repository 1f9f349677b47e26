"""Synthetic faces, 68 landmarks: a tenth of the labels, on the small ResNet-18 of fra_r18_1xb64_demo.py."""

_base_ = '_base_/resnet18_w32_heatmap.py'

faces = dict(
    type=_base_.dataset_type,
    data_root='data/synthetic_faces/',
    data_mode=_base_.data_mode,
    data_prefix=dict(img='images/'),
)
train_dataloader = dict(
    dataset=dict(
        type='RepeatDataset',
        times=6,  # 240 steps: after 80 of them random weights are far from converged
        dataset=dict(
            type='LabelBudget',
            share=0.1,
            dataset=dict(ann_file='annotations/landmarks_train.json', pipeline=_base_.train_pipeline, **faces),
        ),
    )
)
val_dataloader = dict(
    dataset=dict(ann_file='annotations/landmarks_val.json', test_mode=True, pipeline=_base_.val_pipeline, **faces)
)
test_dataloader = val_dataloader
