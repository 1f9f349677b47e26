"""Checkpoints of the baselines give their backbones' features, of the whole image."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS

from fra_plugin.apis import FRAFeatures
from fra_plugin.checkpoints.export import export_backbone, find_backbone

ARCH = dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32)


@pytest.fixture
def mae(tmp_path):
    """A checkpoint of MAE with its config, as training saves it."""
    torch.manual_seed(0)
    model = dict(
        type='MAE',
        backbone=dict(type='MAEViT', arch=ARCH, img_size=32, patch_size=8, mask_ratio=0.75),
        neck=dict(
            type='MAEPretrainDecoder',
            num_patches=16,
            patch_size=8,
            embed_dim=16,
            decoder_embed_dim=16,
            decoder_depth=1,
            decoder_num_heads=2,
        ),
        head=dict(type='MAEPretrainHead', patch_size=8, loss=dict(type='PixelReconstructionLoss', criterion='L2')),
    )
    network = MODELS.build(model)
    config = dict(
        model=model,
        data_preprocessor=dict(type='SelfSupDataPreprocessor', mean=[120.0] * 3, std=[60.0] * 3, to_rgb=True),
        train_dataloader=dict(dataset=dict(pipeline=[dict(type='FastRandomResizedCrop', scale=32)])),
    )
    torch.save(dict(state_dict=network.state_dict(), meta=dict(cfg=Config(config).pretty_text)), tmp_path / 'mae.pth')
    return network, tmp_path / 'mae.pth'


def test_mae_describes_the_whole_image(mae, tmp_path):
    network, path = mae
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    inputs = (torch.from_numpy(image[..., ::-1].copy()).permute(2, 0, 1)[None].float() - 120) / 60
    vit = MODELS.build(dict(type='VisionTransformer', arch=ARCH, img_size=32, patch_size=8, out_type='featmap'))
    vit.eval()
    vit.load_state_dict(network.backbone.state_dict())
    with torch.no_grad():
        expected = vit(inputs)[-1].numpy()
    export_backbone(str(path), str(tmp_path / 'backbone.pth'))
    for file in (path, tmp_path / 'backbone.pth'):
        out = FRAFeatures(file, device='cpu')([image, image])
        assert out['feature_map'].shape == (2, 16, 4, 4)
        assert np.allclose(out['feature_map'], expected, atol=1e-5)  # nothing is drawn
        assert np.allclose(out['embedding'], expected.mean(axis=(2, 3)), atol=1e-5)


@pytest.mark.parametrize('prefix', ['momentum_encoder.module.0.', 'encoder_k.module.0.'])
def test_momentum_networks_of_moco_v3_and_densecl_are_found(prefix):
    tensors = {f'{prefix}conv1.weight': torch.ones(1), 'backbone.conv1.weight': torch.zeros(1)}
    assert find_backbone(dict(state_dict=tensors), 'target', 'a.pth').tensors == {'conv1.weight': torch.ones(1)}
    assert find_backbone(dict(state_dict=tensors), 'online', 'a.pth').tensors == {'conv1.weight': torch.zeros(1)}
