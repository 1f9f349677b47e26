optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='ForeachLARS', lr=0.9, momentum=0.9, weight_decay=1e-6),
)

param_scheduler = [
    dict(type='LinearLR', start_factor=1e-4, by_epoch=True, begin=0, end=10, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', T_max=40, by_epoch=True, begin=10, end=50, convert_to_iter_based=True),
]

train_cfg = dict(type='ReliableTrainLoop', max_epochs=50)
auto_scale_lr = dict(base_batch_size=512)
