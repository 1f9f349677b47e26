_base_ = [
    '../_base_/models/fra_r50.py',
    '../_base_/datasets/vggface2_two_views.py',
    '../_base_/schedules/adamw_coslr_50e.py',
    '../_base_/fra_runtime.py',
]

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
    ),
    neck=dict(in_channels=384),
)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'.pos_embed': dict(decay_mult=0.0)}))

custom_hooks = _base_.custom_hooks + [dict(type='RegionHeatmapHook', dataset=_base_.held_out_faces)]
resume = True
