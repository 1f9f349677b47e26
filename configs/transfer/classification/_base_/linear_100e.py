_base_ = 'finetune_100e.py'

# Only the linear layer is trained, so with a higher learning rate and without decay.
optim_wrapper = dict(optimizer=dict(lr=1e-3, weight_decay=0.0))
