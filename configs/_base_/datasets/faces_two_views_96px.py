# The official recipe's views at 96 px, of any folder of faces.
_base_ = 'vggface2_two_views.py'

crop = dict(type='FastRandomResizedCrop', scale=96, crop_ratio_range=(0.2, 1.0))
train_pipeline = [
    dict(type='LoadFace', reduce_to=248),  # 96 / sqrt(0.75 * 0.2)
    dict(
        type='MultiView',
        num_views=[1, 1],
        transforms=[[crop] + _base_.first_view[1:], [crop] + _base_.second_view[1:]]),
    dict(type='PackInputs'),
]

train_dataloader = dict(
    num_workers=2,
    pin_memory=False,
    dataset=dict(data_root='data/synthetic_faces', data_prefix='images', pipeline=train_pipeline))
