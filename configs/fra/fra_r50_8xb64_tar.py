_base_ = [
    '../_base_/models/fra_r50.py',
    '../_base_/datasets/vggface2_two_views.py',
    '../_base_/schedules/lars_coslr_50e.py',
    '../_base_/fra_runtime.py',
]

# One tar file, or a folder of them (data_prefix='' and data_root='data/shards').
faces = dict(type='FaceTar', data_root='data/vggface2', data_prefix='train.tar')
held_out_faces = dict(type='FaceTar', data_root='data/vggface2', data_prefix='test.tar')
train_dataloader = dict(dataset=dict(_delete_=True, **faces, pipeline=_base_.train_pipeline))

custom_hooks = _base_.custom_hooks + [dict(type='RegionHeatmapHook', dataset=held_out_faces)]
resume = True
