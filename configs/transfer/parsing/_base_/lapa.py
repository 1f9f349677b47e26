_base_ = 'parsing_loaders.py'

faces = dict(type='LaPa', data_root='data/LaPa')
# A flip swaps left and right brow (2, 3) and eye (4, 5).
train_pipeline = _base_.train_pipeline
train_pipeline[3].update(swap_seg_labels=[(2, 3), (4, 5)])
train_dataloader = dict(dataset=dict(faces, split='train', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(faces, split='val', pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(faces, split='test', pipeline=_base_.test_pipeline))
