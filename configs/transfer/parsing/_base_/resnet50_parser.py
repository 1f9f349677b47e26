model = dict(
    type='ImageClassifier',
    # Pixel statistics (RGB, 0-255) belong to the weights: those of pre-training.
    data_preprocessor=dict(mean=[133.39, 103.12, 88.97], std=[64.67, 55.95, 52.79], to_rgb=True),
    backbone=dict(
        type='ResNet',
        depth=50,
        out_indices=(0, 1, 2, 3),
        init_cfg=dict(type='PretrainedBackbone', checkpoint='work_dirs/fra_r50_8xb64/epoch_50.pth'),
    ),
    head=dict(type='ParsingHead', num_classes=11, in_channels=[256, 512, 1024, 2048]),
)
