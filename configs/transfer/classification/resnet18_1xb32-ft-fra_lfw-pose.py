# Five poses of LFW's faces, from left to right profile, on the small ResNet-18 of fra_r18_1xb64_demo.py.
_base_ = 'resnet18_1xb32-ft-fra_muxspace.py'

faces = dict(
    data_root='data/lfw_color5pt',
    ann_file='attributes.csv',
    label_column='pose',
    classes=['1', '2', '3', '4', '5'],
)
# A mirrored face has another pose, so there is no flip.
train_pipeline = [step for step in _base_.train_pipeline if step['type'] != 'RandomFlip']
train_dataloader = dict(dataset=dict(pipeline=train_pipeline, **faces))
val_dataloader = dict(dataset=faces)
test_dataloader = val_dataloader
