_base_ = 'resnet50_8xb32-ft-fra_utkface.py'

model = dict(head=dict(mean=[33], std=[11]))
train_dataloader = dict(dataset=dict(type='MORPH', data_root='data/morph'))
val_dataloader = dict(dataset=dict(type='MORPH', data_root='data/morph'))
test_dataloader = val_dataloader
