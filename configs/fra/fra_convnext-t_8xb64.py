_base_ = [
    '../_base_/models/fra_r50.py',
    '../_base_/datasets/vggface2_two_views.py',
    '../_base_/schedules/adamw_coslr_50e.py',
    '../_base_/fra_runtime.py',
]

model = dict(
    backbone=dict(
        _delete_=True,
        type='ConvNeXt',
        arch='tiny',
        drop_path_rate=0.1,
        gap_before_final_norm=False,  # the heatmaps need the whole map, not its average
    ),
    neck=dict(in_channels=768),
)

custom_hooks = _base_.custom_hooks + [dict(type='RegionHeatmapHook', dataset=_base_.held_out_faces)]
resume = True
