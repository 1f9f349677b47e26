"""Small FRA models, saved as training saves them."""

import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS

import fra_plugin  # noqa: F401

BACKBONE = dict(type='ResNet', depth=18, norm_cfg=dict(type='SyncBN'), zero_init_residual=False)
NARROW = dict(BACKBONE, stem_channels=8, base_channels=8, strides=(1, 2, 2, 1))  # 64 channels
MEAN, STD = [133.39, 103.12, 88.97], [64.67, 55.95, 52.79]


def fra_config(backbone=BACKBONE, channels=512):
    norm_cfg = dict(type='BN')
    return dict(
        type='FRA',
        backbone=backbone,
        neck=dict(
            type='FRANeck',
            in_channels=channels,
            hid_channels=16,
            out_channels=16,
            norm_cfg=norm_cfg,
            heatmap_head=dict(type='RegionHeatmapHead', num_regions=3),
        ),
        head=dict(type='FRAHead', hid_channels=16, norm_cfg=norm_cfg),
    )


def fra(backbone=BACKBONE, channels=512):
    """A model whose running statistics and target differ from their initial values."""
    torch.manual_seed(0)
    model = MODELS.build(fra_config(backbone, channels))
    model.init_weights()
    for name, tensor in model.state_dict().items():
        if name.endswith('running_mean'):
            tensor.normal_(std=0.1)
        elif name.endswith('running_var'):
            tensor.uniform_(0.5, 1.5)
        elif name.startswith('target.') and tensor.is_floating_point():
            tensor.mul_(0.9)
    return model.eval()


def save(model, path, backbone=BACKBONE, channels=512):
    """As mmengine's Runner does, for images of 64 px."""
    text = Config(
        dict(
            model=fra_config(backbone, channels),
            data_preprocessor=dict(type='SelfSupDataPreprocessor', mean=MEAN, std=STD, to_rgb=True),
            train_dataloader=dict(dataset=dict(pipeline=[dict(type='FastRandomResizedCrop', scale=64)])),
        )
    ).pretty_text
    meta = dict(cfg=text, experiment_name='fra_r18_20240102_030405', epoch=3, iter=30)
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
    return str(path)
