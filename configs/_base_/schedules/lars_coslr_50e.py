optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='ForeachLARS', lr=0.9, momentum=0.9, weight_decay=1e-6, exclude='1d'),
    constructor='TrainedOnlyConstructor',
    # One-dimensional parameters are left out of weight decay and LARS scaling. The official code tells them by their
    # names, and its names do not cover these norm layers.
    paramwise_cfg=dict(
        custom_keys={
            'bn0.weight': dict(exclude='none'),
            'norms.0.weight': dict(exclude='none'),
            'norms.1.weight': dict(exclude='none'),
            'norms.2.weight': dict(exclude='none'),
            'heatmap_head.norm.weight': dict(exclude='none'),
        }
    ),
)

param_scheduler = [
    dict(type='LinearLR', start_factor=1e-4, by_epoch=True, begin=0, end=10, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=10, convert_to_iter_based=True),  # to the last epoch
]

train_cfg = dict(type='ReliableTrainLoop', max_epochs=50)
auto_scale_lr = dict(base_batch_size=512)
