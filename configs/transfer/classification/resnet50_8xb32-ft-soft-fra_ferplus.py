_base_ = 'resnet50_8xb32-ft-fra_ferplus.py'

# Learns the shares of the votes; validation and test stay with the majority's label.
model = dict(head=dict(loss=dict(type='CrossEntropyLoss', use_soft=True)))
train_dataloader = dict(dataset=dict(labels='soft'))
