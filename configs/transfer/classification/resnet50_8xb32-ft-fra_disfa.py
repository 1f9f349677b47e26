_base_ = 'resnet50_8xb32-ft-fra_bp4d.py'

model = dict(head=dict(num_classes=8, loss=dict(loss_weight=1 / 8)))
train_dataloader = dict(dataset=dict(type='DISFA', data_root='data/disfa'))
val_dataloader = dict(dataset=dict(type='DISFA', data_root='data/disfa'))
test_dataloader = val_dataloader
