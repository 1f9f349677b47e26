# Expression of synthetic faces: a tenth of the labels, on the small ResNet-18 of fra_r18_1xb64_demo.py.
_base_ = ['_base_/resnet18_w32_classifier.py', '../../_base_/default_runtime.py']

faces = dict(type='RAFDB', data_root='data/synthetic_faces')
train_dataloader = dict(
    dataset=dict(
        type='LabelBudget',
        share=0.1,
        min_length=640,  # 20 steps an epoch
        dataset=dict(split='train', pipeline=_base_.train_pipeline, **faces),
    )
)
val_dataloader = dict(dataset=dict(split='test', pipeline=_base_.test_pipeline, **faces))
test_dataloader = val_dataloader
