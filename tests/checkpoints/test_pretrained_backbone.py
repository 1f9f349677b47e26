"""PretrainedBackbone fills the whole backbone or refuses, and nothing undoes what it loaded."""

import pytest
import torch
from mmpretrain.registry import MODELS

from fra_plugin.checkpoints.pretrained_backbone import BACKBONE_PREFIXES, backbone_tensors

SMALL = dict(type='ResNet', depth=18, stem_channels=8, base_channels=8)
VIT = dict(
    type='VisionTransformer',
    arch=dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32),
    img_size=32,
    patch_size=16,
    with_cls_token=False,
    out_type='featmap',
)


def build(config=SMALL, **init_cfg):
    model = MODELS.build(dict(config, init_cfg=dict(type='PretrainedBackbone', **init_cfg) if init_cfg else None))
    model.init_weights()
    return model


def drawn(config=SMALL):
    """A backbone no tensor of which is what an initialisation would give."""
    torch.manual_seed(7)
    model = MODELS.build(config)
    return {
        name: torch.rand(value.shape) + 0.5 if value.is_floating_point() else value
        for name, value in model.state_dict().items()
    }


def save(path, tensors, prefix='', **others):
    torch.save({**{prefix + name: value for name, value in tensors.items()}, **others}, path)
    return str(path)


def assert_filled(model, tensors):
    for name, value in model.state_dict().items():
        assert torch.equal(value, tensors[name]), name


@pytest.mark.parametrize('module', ['', 'module.'])
@pytest.mark.parametrize('layout', BACKBONE_PREFIXES)
def test_known_layouts_are_found(tmp_path, layout, module):
    weights = drawn()
    file = save(
        tmp_path / 'w.pth',
        weights,
        module + layout,
        **{f'{module}{layout}fc.weight': torch.ones(7, 64), f'{module}other.weight': torch.ones(3)},
    )
    assert_filled(build(checkpoint=file), weights)


@pytest.mark.parametrize('key', ['state_dict', 'model'])
def test_weights_inside_a_checkpoint_are_found(tmp_path, key):
    weights = drawn()
    torch.save({'epoch': 3, key: {f'backbone.{name}': value for name, value in weights.items()}}, tmp_path / 'w.pth')
    assert_filled(build(checkpoint=str(tmp_path / 'w.pth')), weights)


def test_online_network_comes_before_the_momentum_network(tmp_path):
    weights, momentum = drawn(), {name: -value for name, value in drawn().items()}
    online = {f'backbone.{name}': value for name, value in weights.items()}
    file = save(tmp_path / 'w.pth', momentum, 'target.backbone.', **online)
    assert_filled(build(checkpoint=file), weights)
    assert_filled(build(checkpoint=file, prefix='target.backbone.'), momentum)


@pytest.mark.parametrize('config', [dict(SMALL, zero_init_residual=True), VIT], ids=['resnet', 'vit'])
def test_nothing_is_initialised_after_loading(tmp_path, config):
    """A ResNet zeroes its last norm layers, a ViT redraws its position embedding and feed-forward layers, both late."""
    weights = drawn(config)
    classifier = MODELS.build(
        dict(
            type='ImageClassifier',
            neck=dict(type='GlobalAveragePooling'),
            backbone=dict(
                config, init_cfg=dict(type='PretrainedBackbone', checkpoint=save(tmp_path / 'w.pth', weights))
            ),
            head=dict(
                type='LinearClsHead',
                num_classes=2,
                in_channels=64,
                init_cfg=dict(type='Constant', layer='Linear', val=3.0),
            ),
        )
    )
    classifier.init_weights()
    assert_filled(classifier.backbone, weights)
    assert (classifier.head.fc.weight == 3).all()


def test_counter_of_batches_may_be_missing(tmp_path):
    weights = drawn()
    file = save(tmp_path / 'w.pth', {n: v for n, v in weights.items() if 'num_batches' not in n})
    assert_filled(build(checkpoint=file), weights)


def test_position_embedding_of_another_size_is_resized_by_the_backbone(tmp_path):
    weights = drawn(dict(VIT, img_size=64))
    model = build(VIT, checkpoint=save(tmp_path / 'w.pth', weights))
    assert model.pos_embed.shape[1] == 4 and weights['pos_embed'].shape[1] == 16
    assert torch.equal(model.patch_embed.projection.weight, weights['patch_embed.projection.weight'])


def test_safetensors_are_read(tmp_path):
    save_file = pytest.importorskip('safetensors.torch').save_file
    weights = drawn()
    save_file({f'backbone.{name}': value for name, value in weights.items()}, tmp_path / 'w.safetensors')
    assert_filled(build(checkpoint=str(tmp_path / 'w.safetensors')), weights)


def test_torchvision_and_timm_files_fit(tmp_path):
    torchvision, timm = pytest.importorskip('torchvision.models'), pytest.importorskip('timm')
    for model in (torchvision.resnet18(), timm.create_model('resnet18')):
        file = save(tmp_path / 'w.pth', model.state_dict())
        assert_filled(build(dict(type='ResNet', depth=18), checkpoint=file), model.state_dict())


@pytest.mark.parametrize('module', ['mmpretrain', 'mmpose'])
def test_same_file_gives_the_same_features_in_mmpretrain_and_mmpose(tmp_path, module):
    pytest.importorskip('mmcv.ops' if module == 'mmpose' else 'mmpretrain')
    if module == 'mmpose':
        from mmpose.registry import MODELS as registry

        pytest.importorskip('mmpose.models')
    else:
        registry = MODELS
    weights = drawn()
    file = save(tmp_path / 'w.pth', weights, 'module.online_net.backbone.')
    config = dict(SMALL, init_cfg=dict(type='PretrainedBackbone', checkpoint=file))
    model = registry.build(config)
    model.init_weights()
    assert_filled(model, weights)


def test_one_missing_tensor_is_an_error_that_names_it(tmp_path):
    weights = drawn()
    del weights['layer2.0.conv1.weight']
    with pytest.raises(
        ValueError,
        match=r"w.pth has no known place with all 100 tensors of the ResNet; 'backbone.' "
        r'comes closest, without 1 of them, such as backbone.layer2.0.conv1.weight',
    ):
        build(checkpoint=save(tmp_path / 'w.pth', weights, 'backbone.'))


def test_wrong_prefix_is_an_error_that_names_the_right_one(tmp_path):
    file = save(tmp_path / 'w.pth', drawn(), 'encoder.net.')
    with pytest.raises(ValueError, match="no known place .* prefix='encoder.net.' would fill it"):
        build(checkpoint=file)
    with pytest.raises(ValueError, match="0 of the 100 .* prefix 'backbone.'; prefix='encoder.net.' would fill it"):
        build(checkpoint=file, prefix='backbone.')
    build(checkpoint=file, prefix='encoder.net.')


def test_file_of_something_else_is_an_error(tmp_path):
    with pytest.raises(ValueError, match='its tensors are called a.weight'):
        build(checkpoint=save(tmp_path / 'w.pth', {'a.weight': torch.ones(1)}))
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(ValueError, match='list.pth: expected named tensors, .* got list'):
        build(checkpoint=str(tmp_path / 'list.pth'))
    torch.save(dict(epoch=3), tmp_path / 'dict.pth')
    with pytest.raises(ValueError, match='got dict of epoch'):
        build(checkpoint=str(tmp_path / 'dict.pth'))


def test_backbone_of_another_width_or_depth_is_an_error(tmp_path):
    wide = drawn(dict(SMALL, stem_channels=16, base_channels=16))
    with pytest.raises(ValueError, match=r'w.pth does not fit the ResNet: size mismatch for .* more'):
        build(checkpoint=save(tmp_path / 'w.pth', wide))
    deep = drawn(dict(SMALL, depth=34))
    with pytest.raises(ValueError, match='w.pth holds another network than this ResNet: .* backbone.layer'):
        build(checkpoint=save(tmp_path / 'w.pth', deep, 'backbone.'))


def test_missing_file_and_missing_name_are_errors(tmp_path):
    with pytest.raises(
        FileNotFoundError, match='absent.pth; name another with .*init_cfg.checkpoint=..., or take a config'
    ):
        build(checkpoint=str(tmp_path / 'absent.pth'))
    for nothing in ('', None):
        with pytest.raises(ValueError, match='needs the path of a checkpoint'):
            build(checkpoint=nothing)


def test_tensors_come_under_the_backbones_own_names():
    weights = drawn()
    model = MODELS.build(SMALL)
    tensors = backbone_tensors({f'online_net.backbone.{n}': v for n, v in weights.items()}, model)
    assert set(tensors) == set(model.state_dict()) and all(tensors[n] is weights[n] for n in tensors)
