# MAE with the ViT of fra_vit-s_8xb64.py. It sees one view, cropped and flipped, as in its paper.
_base_ = [
    '../_base_/datasets/vggface2_two_views.py',
    '../_base_/schedules/adamw_coslr_50e.py',
    '../_base_/pretrain_runtime.py',
]

model = dict(
    type='MAE',
    backbone=dict(type='MAEViT', arch='deit-small', img_size=224, patch_size=16, mask_ratio=0.75),
    neck=dict(
        type='MAEPretrainDecoder',
        patch_size=16,
        in_chans=3,
        embed_dim=384,
        decoder_embed_dim=512,
        decoder_depth=8,
        decoder_num_heads=16,
        mlp_ratio=4.0,
    ),
    head=dict(
        type='MAEPretrainHead',
        norm_pix=True,
        patch_size=16,
        loss=dict(type='PixelReconstructionLoss', criterion='L2'),
    ),
    init_cfg=[
        dict(type='Xavier', layer='Linear', distribution='uniform'),
        dict(type='Constant', layer='LayerNorm', val=1.0, bias=0.0),
    ],
)
train_pipeline = [_base_.train_pipeline[0]] + _base_.view[:2] + [dict(type='FastPackInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
no_decay = dict(decay_mult=0.0)
optim_wrapper = dict(
    optimizer=dict(betas=(0.9, 0.95)),
    paramwise_cfg=dict(custom_keys={'.cls_token': no_decay, '.mask_token': no_decay}),
)

# What the decoder gives is pixels, no embedding that could collapse.
custom_hooks = [hook for hook in _base_.custom_hooks if hook['type'] != 'CollapseMonitorHook']
resume = True
