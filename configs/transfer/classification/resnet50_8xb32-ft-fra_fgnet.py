_base_ = 'resnet50_8xb32-ft-fra_utkface.py'

# Leaves out person 1. The published error is the mean over the photos of all 82 runs:
# --cfg-options train_dataloader.dataset.person=2 val_dataloader.dataset.person=2 test_dataloader.dataset.person=2
model = dict(head=dict(mean=[16], std=[13]))
train_dataloader = dict(dataset=dict(type='FGNet', data_root='data/fgnet', person=1))
val_dataloader = dict(dataset=dict(type='FGNet', data_root='data/fgnet', person=1))
test_dataloader = val_dataloader
