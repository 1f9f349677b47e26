_base_ = 'resnet50_8xb32-ft-fra_rafdb.py'

# Layer-wise learning rates: each of the ResNet's 8 depths learns 0.75 times as fast as the one above it.
optim_wrapper = dict(constructor='LearningRateDecayOptimWrapperConstructor', paramwise_cfg=dict(layer_decay_rate=0.75))
