_base_ = 'parsing_loaders.py'

faces = dict(type='CelebAMaskHQ', data_root='data/CelebAMask-HQ')
# A flip swaps left and right eye (4, 5), brow (6, 7) and ear (8, 9).
train_pipeline = _base_.train_pipeline
train_pipeline[3].update(swap_seg_labels=[(4, 5), (6, 7), (8, 9)])
train_dataloader = dict(dataset=dict(faces, split='train', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(faces, split='val', pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(faces, split='test', pipeline=_base_.test_pipeline))
