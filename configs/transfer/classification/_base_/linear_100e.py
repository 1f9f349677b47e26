_base_ = 'finetune_100e.py'

# Only the linear layer learns: faster, and without decay.
optim_wrapper = dict(optimizer=dict(lr=1e-3, weight_decay=0.0))
