_base_ = 'resnet50_8xb32-ft-fra_affectnet7.py'

model = dict(head=dict(num_classes=8))
train_dataloader = dict(dataset=dict(num_classes=8))
val_dataloader = dict(dataset=dict(num_classes=8))
test_dataloader = val_dataloader
