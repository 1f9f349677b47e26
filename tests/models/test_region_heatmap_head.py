"""The heatmap head: position encoding, prototype, documented errors."""

import math

import pytest
import torch

from fra_plugin.models import FRAHead, FRANeck, RegionHeatmapHead
from fra_plugin.models.region_heatmap_head import sine_position_encoding


def test_position_encoding_is_y_then_x_from_one_scaled_to_two_pi():
    encoding = sine_position_encoding(2, 3, 8, torch.device('cpu'), torch.float32).reshape(2, 3, 8)
    y, x = 2 / (2 + 1e-6) * 2 * math.pi, 1 / (3 + 1e-6) * 2 * math.pi  # row 1, column 0
    want = [math.sin(y), math.cos(y), math.sin(y / 100), math.cos(y / 100),
            math.sin(x), math.cos(x), math.sin(x / 100), math.cos(x / 100)]  # yapf: disable
    torch.testing.assert_close(encoding[1, 0], torch.tensor(want), atol=1e-5, rtol=0)


def test_prototype_follows_the_batch_mean_in_training_and_replaces_it_in_evaluation():
    torch.manual_seed(0)
    head = RegionHeatmapHead(6, embed_dims=8, num_regions=3, num_heads=2, dropout=0.0, prototype_momentum=0.25)
    feature_map, pixel_embed = torch.randn(2, 6, 3, 3), torch.randn(2, 8, 3, 3)
    before = head.prototype.clone()
    mean = head._decode(feature_map).mean(dim=0)
    logits = head.train()(feature_map[None], pixel_embed[None])[0]
    torch.testing.assert_close(head.prototype, 0.75 * before + 0.25 * mean.detach())
    cosine = torch.nn.functional.cosine_similarity
    torch.testing.assert_close(logits[1, 2, 0, 1], cosine(mean[2], pixel_embed[1, :, 0, 1], dim=0))

    after = head.prototype.clone()
    logits = head.eval()(feature_map[None], pixel_embed[None])[0]
    assert torch.equal(head.prototype, after)
    torch.testing.assert_close(logits[0, 1, 2, 0], cosine(after[1], pixel_embed[0, :, 2, 0], dim=0))


@pytest.mark.parametrize(
    'kwargs, word',
    [
        (dict(embed_dims=10), 'embed_dims'),
        (dict(embed_dims=12, num_heads=8), 'embed_dims'),
        (dict(num_regions=0), 'num_regions'),
        (dict(num_layers=0), 'num_layers'),
        (dict(temperature=0), 'temperature'),
        (dict(dropout=1.0), 'dropout'),
        (dict(prototype_momentum=2), 'prototype_momentum'),
    ],
)
def test_arguments_out_of_range_are_named(kwargs, word):
    with pytest.raises(ValueError, match=word):
        RegionHeatmapHead(6, **{'embed_dims': 8, 'num_heads': 2, **kwargs})


def test_pooling_weights_of_each_region_sum_to_one():
    """A constant feature map is pooled to itself, whatever the masks."""
    torch.manual_seed(0)
    neck = FRANeck(5, hid_channels=7, out_channels=8, norm_cfg=dict(type='BN'),
                   heatmap_head=dict(type='RegionHeatmapHead', num_regions=3, num_heads=2)).eval()  # yapf: disable
    feature_map = torch.randn(2, 5, 1, 1).expand(2, 5, 4, 4)
    out = neck([feature_map])
    (want,) = neck.region_projector((feature_map[:, :, 0, 0],))
    torch.testing.assert_close(out.region_embed, want[:, None].expand(2, 3, 8))


def test_global_weight_out_of_range_is_named():
    with pytest.raises(ValueError, match='global_weight'):
        FRAHead(in_channels=8, hid_channels=8, global_weight=1.5)
