_base_ = [
    '../_base_/models/fra_r50.py',
    '../_base_/datasets/vggface2_two_views.py',
    '../_base_/schedules/lars_coslr_50e.py',
    '../_base_/fra_runtime.py',
]

custom_hooks = _base_.custom_hooks + [dict(type='RegionHeatmapHook', dataset=_base_.held_out_faces)]
resume = True  # from the last checkpoint in the work directory, if there is one
