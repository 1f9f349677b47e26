# Two views of VGGFace2's train split, as in the official recipe.
data_preprocessor = dict(
    type='ViewPreprocessor',
    # RGB statistics of the official recipe times 255; images come as BGR
    mean=[133.39, 103.12, 88.97],
    std=[64.67, 55.95, 52.79],
    to_rgb=True,
)

view = [
    dict(type='FastRandomResizedCrop', scale=224, crop_ratio_range=(0.2, 1.0)),
    dict(type='FastRandomFlip', prob=0.5),
    dict(
        type='RandomApply',
        transforms=[dict(type='FastColorJitter', brightness=0.4, contrast=0.4, saturation=0.2, hue=0.1)],
        prob=0.8,
    ),
    dict(type='RandomApply', transforms=[dict(type='FastColorJitter', saturation=(0, 0))], prob=0.2),  # grey
]
blur = dict(type='FastGaussianBlur', magnitude_range=(0.1, 2.0), magnitude_std='inf')  # 'inf': drawn uniformly
first_view = view + [dict(blur, prob=1.0)]
second_view = view + [dict(blur, prob=0.1), dict(type='FastSolarize', thr=128, prob=0.2)]

train_pipeline = [
    dict(type='LoadFace', reduce_to=579),  # 224 / sqrt(0.75 * 0.2): the smallest crop keeps its 224 pixels
    dict(type='LocatedMultiView', num_views=[1, 1], transforms=[first_view, second_view]),
    dict(type='FastPackInputs', meta_keys=('sample_idx', 'img_path', 'view_boxes')),
]

train_dataloader = dict(
    batch_size=64,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,  # the losses take statistics over the batch
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(type='FaceFolder', data_root='data/vggface2', data_prefix='train', pipeline=train_pipeline),
)
held_out_faces = dict(type='FaceFolder', data_root='data/vggface2', data_prefix='test')  # for pictures of the regions
