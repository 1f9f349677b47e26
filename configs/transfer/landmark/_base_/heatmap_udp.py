"""Method: Gaussian heatmaps with unbiased data processing (UDP), decoded with DARK's refinement of the maximum."""

udp_codec = dict(type='UDPHeatmap', input_size=(256, 256), heatmap_size=(64, 64), sigma=2)
method = dict(
    head=dict(
        type='HeatmapHead',
        in_channels=2048,
        loss=dict(type='KeypointMSELoss', use_target_weight=True),
        decoder=udp_codec,
    ),
    model=dict(
        train_cfg=dict(compute_acc=False),  # a number for the log only, which costs a copy of all heatmaps to the CPU
        test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=False),
    ),
    train_pipeline=[
        dict(type='LoadLandmarkImage', skip_broken=True),
        dict(type='GetBBoxCenterScale'),
        dict(type='RandomFlip', direction='horizontal'),
        dict(type='RandomBBoxTransform', shift_prob=0, rotate_factor=60, scale_factor=(0.75, 1.25)),
        dict(type='TopdownAffine', input_size=(256, 256), use_udp=True),
        dict(type='GenerateTarget', encoder=udp_codec),
        dict(type='PackPoseInputs'),
    ],
    val_pipeline=[
        dict(type='LoadLandmarkImage'),
        dict(type='GetBBoxCenterScale'),
        dict(type='TopdownAffine', input_size=(256, 256), use_udp=True),
        dict(type='PackPoseInputs'),
    ],
)
