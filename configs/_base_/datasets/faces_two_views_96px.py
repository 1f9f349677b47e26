# The official recipe's views at 96 px, of synthetic faces.
_base_ = 'vggface2_two_views.py'

crop = dict(type='FastRandomResizedCrop', scale=96, crop_ratio_range=(0.2, 1.0))
view = [crop] + _base_.view[1:]
blur = dict(type='FastGaussianBlur', magnitude_range=(0.1, 0.9), magnitude_std='inf')  # as 0.1 to 2 at 224 px
first_view = view + [dict(blur, prob=1.0)]
second_view = view + [dict(blur, prob=0.1), dict(type='FastSolarize', thr=128, prob=0.2)]

train_pipeline = [
    dict(type='LoadFace', reduce_to=248),  # 96 / sqrt(0.75 * 0.2)
    dict(type='LocatedMultiView', num_views=[1, 1], transforms=[first_view, second_view]),
    dict(type='FastPackInputs', meta_keys=('sample_idx', 'img_path', 'view_boxes')),
]

train_dataloader = dict(
    num_workers=2,
    pin_memory=False,
    dataset=dict(data_root='data/synthetic_faces', data_prefix='images', ann_file='train.txt', pipeline=train_pipeline),
)
