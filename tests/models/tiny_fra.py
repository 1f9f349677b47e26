"""A tiny FRA model, and the sum of its losses."""

import torch

from fra_plugin.models import FRA


def tiny_fra(num_regions=4, norm='BN', dtype=torch.float64, seed=0, **kwargs) -> FRA:
    """ResNet-18 of width 8 with a 4 x 4 map at 64 px."""
    torch.manual_seed(seed)
    norm_cfg = dict(type=norm, num_groups=4) if norm == 'GN' else dict(type=norm)
    model = FRA(
        backbone=dict(
            type='ResNet', depth=18, stem_channels=8, base_channels=8, strides=(1, 2, 2, 1), norm_cfg=norm_cfg,
            zero_init_residual=False),
        neck=dict(
            type='FRANeck', in_channels=64, hid_channels=32, out_channels=16, norm_cfg=norm_cfg,
            heatmap_head=dict(
                type='RegionHeatmapHead', num_regions=num_regions, num_heads=4, dropout=0.0,
                sync_grad=kwargs.pop('sync_grad', True))),
        head=dict(type='FRAHead', hid_channels=32, norm_cfg=norm_cfg, **kwargs))  # yapf: disable
    model.init_weights()
    return model.to(dtype).train()


def total_loss(losses: dict) -> torch.Tensor:
    return sum(value for name, value in losses.items() if 'loss' in name)
