_base_ = [
    '../_base_/models/fra_r50.py',
    '../_base_/datasets/ms1mv3_two_views.py',
    '../_base_/schedules/lars_coslr_50e.py',
    '../_base_/fra_runtime.py',
]

# 112 px and a last stage without a stride give a map of 7 x 7, as 224 px do in the official recipe; with its stride it would
# be 4 x 4, too coarse for regions. The weights have the same shapes, so they fit all that is made for a ResNet-50.
model = dict(backbone=dict(strides=(1, 2, 2, 1)))

custom_hooks = _base_.custom_hooks + [dict(type='RegionHeatmapHook', image_size=112)]  # there are no held-out faces
resume = True
