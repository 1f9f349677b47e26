# Ten epochs of the small network, in bfloat16 where the processor has it.
optim_wrapper = dict(type='BFloat16OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05))

param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=1, convert_to_iter_based=True),
]

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=10, val_interval=10)
val_cfg = dict()
test_cfg = dict()
# An image that can't be read is replaced, and named.
custom_hooks = [dict(type='BrokenImageHook')]
auto_scale_lr = dict(base_batch_size=32)
