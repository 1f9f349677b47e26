_base_ = 'resnet50_8xb32-ft-fra_rafdb.py'

# The backbone of fra_vit-s_8xb64.py; each of its 12 layers learns 0.75 times as fast as the one above it.
model = dict(
    backbone=dict(
        _delete_=True,
        type='VisionTransformer',
        arch='deit-small',
        img_size=224,
        patch_size=16,
        drop_path_rate=0.1,
        with_cls_token=False,
        out_type='featmap',
        init_cfg=dict(type='PretrainedBackbone', checkpoint='work_dirs/fra_vit-s_8xb64/epoch_50.pth'),
    ),
    head=dict(in_channels=384),
)

optim_wrapper = dict(
    constructor='LearningRateDecayOptimWrapperConstructor',
    paramwise_cfg=dict(
        layer_decay_rate=0.75,
        norm_decay_mult=0.0,
        bias_decay_mult=0.0,
        custom_keys={'.pos_embed': dict(decay_mult=0.0)},
    ),
)
