_base_ = 'resnet50_8xb32-ft-fra_ferplus.py'

# Trains on the shares of the votes; validation and test use the label of the majority.
model = dict(head=dict(loss=dict(type='CrossEntropyLoss', use_soft=True)))
train_dataloader = dict(dataset=dict(labels='soft'))
