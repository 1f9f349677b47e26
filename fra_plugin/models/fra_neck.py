"""From a feature map to one global embedding, K region heatmaps and K region embeddings.

Source: FRA (CVPR 2024), Section 3.2.
"""

from typing import NamedTuple, Sequence

import torch
from mmengine.model import BaseModule
from mmpretrain.models import NonLinearNeck
from mmpretrain.registry import MODELS


class FaceEmbedding(NamedTuple):
    """What one network says about one view."""

    global_embed: torch.Tensor  # z, (B, D)
    region_embed: torch.Tensor  # u, (B, K, D)
    region_logits: torch.Tensor  # S, (B, K, H, W), cosines


def projector(in_channels: int, hid_channels: int, out_channels: int, norm_cfg: dict) -> NonLinearNeck:
    """Linear, BatchNorm, ReLU, linear, on vectors (N, in_channels); no biases; kaiming normal, fan out."""
    if norm_cfg['type'] == 'BN':  # OpenMMLab's name for the 2-D layer, which refuses vectors
        norm_cfg = dict(norm_cfg, type='BN1d')
    return NonLinearNeck(
        in_channels,
        hid_channels,
        out_channels,
        with_last_bn=False,
        with_avg_pool=False,
        norm_cfg=norm_cfg,
        init_cfg=[dict(type='Kaiming', layer='Linear'), dict(type='Constant', val=1, layer='_BatchNorm')],
    )


@MODELS.register_module()
class FRANeck(BaseModule):
    """feature map (B, C, H, W) -> :class:`FaceEmbedding`: z (B, D), u (B, K, D), S (B, K, H, W).

    Args:
        in_channels: C of the backbone's last feature map.
        hid_channels: hidden width of the three projectors. Defaults to 4096.
        out_channels: D of the embeddings. Defaults to 256.
        heatmap_head: config of the :class:`RegionHeatmapHead`; ``in_channels`` and ``embed_dims`` are filled in.
            Defaults to ``dict(type='RegionHeatmapHead')``.
        norm_cfg: the projectors' norm layer. Defaults to ``dict(type='SyncBN')``.
        init_cfg: initialisation of the children that do not have their own. Defaults to None.
    """

    def __init__(
        self,
        in_channels: int,
        hid_channels: int = 4096,
        out_channels: int = 256,
        heatmap_head: dict = dict(type='RegionHeatmapHead'),
        norm_cfg: dict = dict(type='SyncBN'),
        init_cfg: dict = None,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.global_projector = projector(in_channels, hid_channels, out_channels, norm_cfg)
        self.pixel_projector = projector(in_channels, hid_channels, out_channels, norm_cfg)
        self.region_projector = projector(in_channels, hid_channels, out_channels, norm_cfg)
        self.heatmap_head = MODELS.build(dict(heatmap_head, in_channels=in_channels, embed_dims=out_channels))

    def forward(self, feats: Sequence[torch.Tensor]) -> FaceEmbedding:
        """Embed the last of the backbone's feature maps."""
        feature_map = feats[-1]
        region_logits = self.region_logits(feats)

        (global_embed,) = self.global_projector((feature_map.mean(dim=(2, 3)),))

        masks = self.heatmap_head.masks(region_logits).flatten(2)  # (B, K, H * W)
        weights = masks / masks.sum(dim=2, keepdim=True)
        region_feature = weights.to(feature_map.dtype) @ feature_map.flatten(2).transpose(1, 2)  # (B, K, C)
        (region_embed,) = self.region_projector((region_feature.flatten(0, 1),))
        return FaceEmbedding(global_embed, region_embed.unflatten(0, masks.shape[:2]), region_logits)

    def region_logits(self, feats: Sequence[torch.Tensor]) -> torch.Tensor:
        """The heatmaps alone, as cosines S (B, K, H, W)."""
        feature_map = feats[-1]
        batch, _, height, width = feature_map.shape
        pixels = feature_map.permute(0, 2, 3, 1).flatten(0, 2)  # (B * H * W, C)
        (pixel_embed,) = self.pixel_projector((pixels,))
        pixel_embed = pixel_embed.unflatten(0, (batch, height, width)).permute(0, 3, 1, 2)
        return self.heatmap_head(feature_map, pixel_embed)
