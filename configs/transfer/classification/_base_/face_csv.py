_base_ = 'face_loaders.py'

# data/faces/labels.csv: path,label,split with the splits train and val.
train_dataloader = dict(
    dataset=dict(
        type='FaceCSV', data_root='data/faces', ann_file='labels.csv', split='train', pipeline=_base_.train_pipeline
    )
)
val_dataloader = dict(
    dataset=dict(
        type='FaceCSV', data_root='data/faces', ann_file='labels.csv', split='val', pipeline=_base_.test_pipeline
    )
)
test_dataloader = val_dataloader
