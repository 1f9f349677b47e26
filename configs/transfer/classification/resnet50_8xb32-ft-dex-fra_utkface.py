_base_ = [
    '_base_/resnet50_classifier.py',
    '_base_/utkface.py',
    '_base_/finetune_100e.py',
    '../../_base_/default_runtime.py',
]

# DEX (Rothe, Timofte and Van Gool, IJCV 2018): one class a year, 0 to 116; the expectation is the age.
model = dict(head=dict(num_classes=117))
train_dataloader = dict(dataset=dict(target='class'))
val_dataloader = dict(dataset=dict(target='class'))
test_dataloader = val_dataloader
