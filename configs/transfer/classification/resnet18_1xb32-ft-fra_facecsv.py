# Labels in a csv file, on the small ResNet-18 whose weights come with the package.
_base_ = ['_base_/resnet18_w32_classifier.py', '../../_base_/default_runtime.py']

# num_classes is the number of different labels in the file.
model = dict(head=dict(num_classes=7))
# data/faces/labels.csv: path,label,split with the splits train and val.
faces = dict(type='FaceCSV', data_root='data/faces', ann_file='labels.csv')
train_dataloader = dict(dataset=dict(split='train', pipeline=_base_.train_pipeline, **faces))
val_dataloader = dict(dataset=dict(split='val', pipeline=_base_.test_pipeline, **faces))
test_dataloader = val_dataloader
