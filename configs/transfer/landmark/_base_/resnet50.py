"""ResNet-50 of a top-down model, and the three sets of weights that it can start from.

A file that inherits this one chooses with ``model = _base_.imagenet_init``.
"""

custom_imports = dict(imports=['fra_plugin', 'fra_plugin.landmark'], allow_failed_imports=False)

# Pixel statistics (RGB, 0-255) belong to the weights: those of pre-training.
fra_init = dict(
    data_preprocessor=dict(mean=[133.39, 103.12, 88.97], std=[64.67, 55.95, 52.79]),
    backbone=dict(init_cfg=dict(type='PretrainedBackbone', checkpoint='work_dirs/fra_r50_8xb64/epoch_50.pth')),
)
imagenet_init = dict(
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    backbone=dict(init_cfg=dict(type='PretrainedBackbone', checkpoint='torchvision://resnet50')),
)
random_init = dict(
    backbone=dict(
        init_cfg=[
            dict(type='Kaiming', layer='Conv2d'),
            dict(type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm']),
        ]
    )
)

topdown = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(type='PoseDataPreprocessor', bgr_to_rgb=True, **fra_init['data_preprocessor']),
    backbone=dict(type='ResNet', depth=50, **fra_init['backbone']),
)
