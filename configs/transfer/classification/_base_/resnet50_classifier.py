model = dict(
    type='ImageClassifier',
    # Pixel statistics (RGB, 0-255) belong to the weights: those of pre-training.
    data_preprocessor=dict(mean=[133.39, 103.12, 88.97], std=[64.67, 55.95, 52.79], to_rgb=True),
    backbone=dict(
        type='ResNet',
        depth=50,
        init_cfg=dict(type='PretrainedBackbone', checkpoint='work_dirs/fra_r50_8xb64/epoch_50.pth'),
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=7, in_channels=2048, loss=dict(type='CrossEntropyLoss')),
)
