"""Method: direct regression with residual log-likelihood (RLE, Li et al., ICCV 2021), in mmpose's schedule for it."""

regression_codec = dict(type='RegressionLabel', input_size=(256, 256))
method = dict(
    head=dict(
        type='RLEHead', in_channels=2048, loss=dict(type='RLELoss', use_target_weight=True), decoder=regression_codec
    ),
    model=dict(neck=dict(type='GlobalAveragePooling'), test_cfg=dict(flip_test=True, shift_coords=True)),
    train_pipeline=[
        dict(type='LoadLandmarkImage', skip_broken=True),
        dict(type='GetBBoxCenterScale'),
        dict(type='RandomFlip', direction='horizontal'),
        dict(type='RandomBBoxTransform', rotate_factor=60, scale_factor=(0.75, 1.25)),
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
    schedule=dict(
        train_cfg=dict(max_epochs=210, val_interval=10),
        optim_wrapper=dict(optimizer=dict(lr=1e-3)),
        param_scheduler=[
            dict(type='LinearLR', begin=0, end=500, start_factor=0.001, by_epoch=False),
            dict(type='MultiStepLR', begin=0, end=210, milestones=[170, 200], gamma=0.1, by_epoch=True),
        ],
    ),
)
