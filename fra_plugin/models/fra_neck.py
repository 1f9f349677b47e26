"""From a feature map to one global embedding, K region heatmaps and K region embeddings.

Source: FRA (CVPR 2024), Section 3.2.
"""

from typing import NamedTuple, Sequence

import torch
from mmengine.model import BaseModule
from mmpretrain.models import NonLinearNeck
from mmpretrain.registry import MODELS
from torch import nn


class FaceEmbedding(NamedTuple):
    """What one network says about one view, or about V views with V as first dimension of each."""

    global_embed: torch.Tensor  # z, (B, D) or (V, B, D)
    region_embed: torch.Tensor  # u, (B, K, D) or (V, B, K, D)
    region_logits: torch.Tensor  # S, (B, K, H, W) or (V, B, K, H, W), cosines


def projector(in_channels: int, hid_channels: int, out_channels: int, norm_cfg: dict) -> NonLinearNeck:
    """Linear, BatchNorm, ReLU, linear, on vectors (N, in_channels); no biases; kaiming normal, fan out."""
    if norm_cfg['type'] in ('BN', nn.BatchNorm2d):  # the 2-D layer refuses vectors
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


def each_view(projector: NonLinearNeck, vectors: torch.Tensor) -> torch.Tensor:
    """(V, ..., in_channels) -> (V, ..., out_channels); the norm layer takes its statistics from each view alone."""
    hidden = projector.fc0(vectors.flatten(1, -2))  # (V, N, hid_channels)
    hidden = torch.stack([projector.bn0(view) for view in hidden])
    return projector.fc1(projector.relu(hidden)).unflatten(1, vectors.shape[1:-1])


@MODELS.register_module()
class FRANeck(BaseModule):
    """feature map (B, C, H, W) -> :class:`FaceEmbedding`: z (B, D), u (B, K, D), S (B, K, H, W).

    Several views go through everything at once except the norm layers of the projectors, which see one view after another,
    so that each view is normalised by its own statistics.

    Example:
        >>> dict(type='FRANeck', in_channels=2048, heatmap_head=dict(type='RegionHeatmapHead', num_regions=8))

    Args:
        in_channels: C of the backbone's last feature map.
        hid_channels: hidden width of the three projectors. Defaults to 4096.
        out_channels: D of the embeddings. Defaults to 256.
        heatmap_head: config of the :class:`RegionHeatmapHead`; ``in_channels`` and ``embed_dims`` are filled in.
            Defaults to ``dict(type='RegionHeatmapHead')``.
        norm_cfg: the projectors' norm layer. Defaults to ``dict(type='NonBlockingSyncBN')``.
        init_cfg: initialisation of the children that do not have their own. Defaults to None.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        hid_channels: int = 4096,
        out_channels: int = 256,
        heatmap_head: dict = dict(type='RegionHeatmapHead'),
        norm_cfg: dict = dict(type='NonBlockingSyncBN'),
        init_cfg: dict = None,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.global_projector = projector(in_channels, hid_channels, out_channels, norm_cfg)
        self.pixel_projector = projector(in_channels, hid_channels, out_channels, norm_cfg)
        self.region_projector = projector(in_channels, hid_channels, out_channels, norm_cfg)
        self.heatmap_head = MODELS.build(dict(heatmap_head, in_channels=in_channels, embed_dims=out_channels))

    def forward(self, *views: Sequence[torch.Tensor]) -> FaceEmbedding:
        """Embed the last of the backbone's feature maps of one view, or of several views of the same shape."""
        # As one batch first, which keeps the layout of the maps (channels last).
        feature_map = torch.cat([feats[-1] for feats in views]).unflatten(0, (len(views), -1))  # (V, B, C, H, W)
        region_logits = self._region_logits(feature_map)
        global_embed = each_view(self.global_projector, feature_map.mean(dim=(3, 4)))

        masks = self.heatmap_head.masks(region_logits).flatten(3)  # (V, B, K, H * W)
        weights = masks / masks.sum(dim=3, keepdim=True)
        region_feature = weights.to(feature_map.dtype) @ feature_map.flatten(3).transpose(2, 3)  # (V, B, K, C)
        region_embed = each_view(self.region_projector, region_feature)

        embedding = FaceEmbedding(global_embed, region_embed, region_logits)
        return embedding if len(views) > 1 else FaceEmbedding(*(part[0] for part in embedding))

    def region_logits(self, feats: Sequence[torch.Tensor]) -> torch.Tensor:
        """The heatmaps of one view alone, as cosines S (B, K, H, W)."""
        return self._region_logits(feats[-1][None])[0]

    def _region_logits(self, feature_map: torch.Tensor) -> torch.Tensor:
        """(V, B, C, H, W) -> (V, B, K, H, W)."""
        pixel_embed = each_view(self.pixel_projector, feature_map.movedim(2, 4))  # (V, B, H, W, D)
        return self.heatmap_head(feature_map, pixel_embed.movedim(4, 2))
