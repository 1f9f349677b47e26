"""Learned heatmaps of facial regions: pixels compared with mask embeddings that a small decoder makes.

Source: FRA (CVPR 2024), Section 3.2; decoder layers as in DETR (ECCV 2020).
"""

import functools
import math

import torch
import torch.nn.functional as F
from mmcv.cnn.bricks.transformer import BaseTransformerLayer
from mmengine.model import BaseModule, ModuleList
from mmpretrain.registry import MODELS
from torch import nn

from .full_precision import full_precision
from .process_mean import process_mean


@functools.lru_cache(maxsize=8)
@torch.inference_mode(False)  # a tensor of inference could not be used in training
def sine_position_encoding(
    height: int, width: int, channels: int, device: torch.device, dtype: torch.dtype
) -> torch.Tensor:
    """2-D sine encoding (DETR): positions 1..n scaled to 2 pi, y in the first half of the channels, x in the second.

    Made once for each size, device and dtype.

    Returns:
        (height * width, channels).
    """
    half = channels // 2
    frequency = 10000 ** (2 * (torch.arange(half, device=device) // 2) / half)

    def encode(length: int) -> torch.Tensor:
        position = torch.arange(1, length + 1, device=device) / (length + 1e-6) * 2 * math.pi
        angle = position[:, None] / frequency  # (length, D/2)
        return torch.stack([angle[:, 0::2].sin(), angle[:, 1::2].cos()], dim=2).flatten(1)

    y = encode(height)[:, None].expand(height, width, half)
    x = encode(width)[None].expand(height, width, half)
    return torch.cat([y, x], dim=2).flatten(0, 1).to(dtype)


@full_precision
def cosine_heatmaps(mask_embed: torch.Tensor, pixel_embed: torch.Tensor) -> torch.Tensor:
    """Cosine of each view's K mask embeddings (V, K, D) and its pixels (V, B, D, H, W): (V, B, K, H, W) in [-1, 1]."""
    return torch.einsum('vkd,vbdhw->vbkhw', F.normalize(mask_embed, dim=2), F.normalize(pixel_embed, dim=2))


@MODELS.register_module()
class RegionHeatmapHead(BaseModule):
    """feature maps (V, B, C, H, W) + pixel embeddings (V, B, D, H, W) of V views -> region logits (V, B, K, H, W).

    In training, K learnable queries look at the feature map through the decoder and become mask embeddings (B, K, D),
    averaged over each view's batch and all processes; the buffer ``prototype`` (K, D) follows these averages, one view
    after another. In evaluation the prototype takes their place, so that the heatmaps of an image do not depend on its batch.

    Example:
        >>> dict(type='RegionHeatmapHead', in_channels=2048, num_regions=8)

    Args:
        in_channels: C of the feature map.
        embed_dims: D, a multiple of 4 and of ``num_heads``. Defaults to 256.
        num_regions: K >= 1. Defaults to 8.
        num_layers: decoder layers >= 1. Defaults to 2.
        num_heads: attention heads. Defaults to 8.
        dropout: in attention and feed-forward, in [0, 1). Defaults to 0.1.
        temperature: of the softmax over regions, > 0. Defaults to 1.0.
        prototype_momentum: share of the new average in the prototype, in [0, 1]. Defaults to 0.1.
        sync_grad: let gradients pass through the average over processes; False is the official behaviour.
            Defaults to True.
        init_cfg: initialisation of the children that do not have their own. Defaults to None.

    Raises:
        ValueError: for an argument out of its range.
    """

    # The masks never reach zero, so that every region can be pooled.
    eps = 1e-7

    def __init__(
        self,
        in_channels: int,
        *,
        embed_dims: int = 256,
        num_regions: int = 8,
        num_layers: int = 2,
        num_heads: int = 8,
        dropout: float = 0.1,
        temperature: float = 1.0,
        prototype_momentum: float = 0.1,
        sync_grad: bool = True,
        init_cfg: dict = None,
    ) -> None:
        super().__init__(init_cfg)
        for name, value in dict(num_regions=num_regions, num_layers=num_layers, num_heads=num_heads).items():
            if not value >= 1:
                raise ValueError(f'{name} must be at least 1, got {value}')
        if embed_dims % 4 or embed_dims % num_heads:
            raise ValueError(f'embed_dims must be a multiple of 4 and of num_heads={num_heads}, got {embed_dims}')
        if not 0 < temperature < float('inf'):
            raise ValueError(f'temperature must be positive and finite, got {temperature}')
        if not 0 <= dropout < 1:
            raise ValueError(f'dropout must be in [0, 1), got {dropout}')
        if not 0 <= prototype_momentum <= 1:
            raise ValueError(f'prototype_momentum must be in [0, 1], got {prototype_momentum}')
        self.temperature = temperature
        self.prototype_momentum = prototype_momentum
        self.sync_grad = sync_grad

        self.input_proj = nn.Conv2d(in_channels, embed_dims, 1)
        self.region_queries = nn.Parameter(torch.randn(num_regions, embed_dims))
        self.layers = ModuleList(
            BaseTransformerLayer(
                attn_cfgs=dict(
                    type='MultiheadAttention',
                    embed_dims=embed_dims,
                    num_heads=num_heads,
                    attn_drop=dropout,
                    dropout_layer=dict(type='Dropout', drop_prob=dropout),
                ),
                ffn_cfgs=dict(type='FFN', feedforward_channels=embed_dims, ffn_drop=dropout),
                operation_order=('self_attn', 'norm', 'cross_attn', 'norm', 'ffn', 'norm'),
                batch_first=True,
            )
            for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(embed_dims)
        self.mask_embed = nn.Sequential(
            nn.Linear(embed_dims, embed_dims), nn.ReLU(inplace=True),
            nn.Linear(embed_dims, embed_dims), nn.ReLU(inplace=True),
            nn.Linear(embed_dims, embed_dims))  # yapf: disable
        self.register_buffer('prototype', torch.randn(num_regions, embed_dims))

    def init_weights(self) -> None:
        """Xavier for the decoder's matrices, kaiming (a=1) for the input projection."""
        super().init_weights()
        for parameter in self.layers.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
        nn.init.kaiming_uniform_(self.input_proj.weight, a=1)
        nn.init.zeros_(self.input_proj.bias)

    def forward(self, feature_map: torch.Tensor, pixel_embed: torch.Tensor) -> torch.Tensor:
        """Region logits S (V, B, K, H, W): cosines in [-1, 1], at least float32."""
        num_views, batch = feature_map.shape[:2]
        if self.training:
            mask_embed = self._decode(feature_map.flatten(0, 1)).unflatten(0, (num_views, batch))
            mask_embed = process_mean(mask_embed.mean(dim=1), self.sync_grad)  # (V, K, D)
            for view in mask_embed.detach():
                self.prototype.lerp_(view, self.prototype_momentum)
        else:
            mask_embed = self.prototype.expand(num_views, -1, -1)
        return cosine_heatmaps(mask_embed, pixel_embed)

    def masks(self, region_logits: torch.Tensor) -> torch.Tensor:
        """Soft masks A (..., K, H, W) of logits of that shape: positive, over the regions they sum to 1 + K * 1e-7."""
        return (region_logits / self.temperature).softmax(dim=-3) + self.eps

    def _decode(self, feature_map: torch.Tensor) -> torch.Tensor:
        """Feature maps (N, C, H, W) -> mask embeddings M (N, K, D), at least float32."""
        memory = self.input_proj(feature_map)
        batch, channels, height, width = memory.shape
        position = sine_position_encoding(height, width, channels, memory.device, memory.dtype).expand(batch, -1, -1)
        memory = memory.flatten(2).transpose(1, 2)  # (B, H * W, D)
        queries = self.region_queries.to(memory.dtype).expand(batch, -1, -1)
        hidden = torch.zeros_like(queries)
        for layer in self.layers:
            hidden = layer(hidden, key=memory, value=memory, query_pos=queries, key_pos=position)
        mask_embed = self.mask_embed(self.norm(hidden))
        return mask_embed.float() if mask_embed.dtype in (torch.float16, torch.bfloat16) else mask_embed
