"""Method: means of heatmaps, trained with the STAR loss (Zhou et al., CVPR 2023)."""

regression_codec = dict(type='RegressionLabel', input_size=(256, 256))
method = dict(
    head=dict(
        type='STARHead',
        in_channels=2048,
        in_featuremap_size=(8, 8),
        loss=dict(type='STARLoss'),
        decoder=regression_codec,
    ),
    model=dict(test_cfg=dict(flip_test=True, shift_coords=True)),
    train_pipeline=[
        dict(type='LoadLandmarkImage', skip_broken=True),
        dict(type='GetBBoxCenterScale'),
        dict(type='RandomFlip', direction='horizontal'),
        dict(type='RandomBBoxTransform', shift_prob=0, rotate_factor=60, scale_factor=(0.75, 1.25)),
        dict(type='TopdownAffine', input_size=(256, 256)),
        dict(type='GenerateTarget', encoder=regression_codec),
        dict(type='PackPoseInputs'),
    ],
    val_pipeline=[
        dict(type='LoadLandmarkImage'),
        dict(type='GetBBoxCenterScale'),
        dict(type='TopdownAffine', input_size=(256, 256)),
        dict(type='PackPoseInputs'),
    ],
)
