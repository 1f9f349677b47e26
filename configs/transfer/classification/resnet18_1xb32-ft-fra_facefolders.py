# A folder for each class, on the small ResNet-18 whose weights come with the package.
_base_ = ['_base_/resnet18_w32_classifier.py', '../../_base_/default_runtime.py']

# num_classes is the number of folders.
model = dict(head=dict(num_classes=7))
# data/faces/train/CLASS/*.jpg and data/faces/val/CLASS/*.jpg
faces = dict(type='ClassFolders', data_root='data/faces')
train_dataloader = dict(dataset=dict(data_prefix='train', pipeline=_base_.train_pipeline, **faces))
val_dataloader = dict(
    dataset=dict(data_prefix='val', classes_from='train', pipeline=_base_.test_pipeline, test_mode=True, **faces)
)
test_dataloader = val_dataloader
