"""Exported backbones: the same image gives the same features in every library."""

import hashlib
import runpy
import sys
from pathlib import Path

import pytest
import torch
from made_checkpoints import BACKBONE, MEAN, fra, save
from mmengine.config import Config
from mmpretrain.registry import MODELS

from fra_plugin.checkpoints.export import export_backbone, find_backbone

TOOL = Path(__file__).resolve().parents[2] / 'tools/model_converters/export_backbone.py'


@pytest.fixture(scope='module')
def model():
    return fra()


@pytest.fixture
def checkpoint(model, tmp_path):
    return save(model, tmp_path / 'epoch_3.pth')


@pytest.fixture(scope='module')
def images():
    """Normalised images."""
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope='module', params=['online', 'target'])
def network(request):
    return request.param


@pytest.fixture
def features(model, images, network):
    """Pooled features of the pre-training model."""
    backbone = model.backbone if network == 'online' else model.target.backbone
    with torch.no_grad():
        return backbone(images)[-1].mean(dim=(2, 3))


def exported(checkpoint, name, layout, network):
    out = str(Path(checkpoint).with_name(name))
    export_backbone(checkpoint, out, layout, network)
    return out


def tensors(path):
    """With the plainest reader of each format."""
    if path.endswith('.safetensors'):
        from safetensors.torch import load_file

        return load_file(path)
    return torch.load(path, weights_only=True)['state_dict']


@torch.no_grad()
def assert_same(got, features):
    torch.testing.assert_close(got, features, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize('ending', ['.pth', '.safetensors'])
@pytest.mark.parametrize(
    'init',
    [
        dict(type='PretrainedBackbone'),
        dict(type='PretrainedBackbone', prefix='backbone.'),
        dict(type='Pretrained', prefix='backbone.'),
    ],
)
def test_features_in_mmpretrain(checkpoint, images, features, network, ending, init):
    out = exported(checkpoint, f'out{ending}', 'mmpretrain', network)
    classifier = MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=dict(type='ResNet', depth=18, init_cfg=dict(init, checkpoint=out)),
            neck=dict(type='GlobalAveragePooling'),
        )
    )
    classifier.init_weights()
    with torch.no_grad():
        (got,) = classifier.eval().extract_feat(images)
    assert_same(got, features)


@pytest.mark.parametrize('ending', ['.pth', '.safetensors'])
def test_features_in_mmpose(checkpoint, images, features, network, ending):
    models = pytest.importorskip('mmpose.models')
    out = exported(checkpoint, f'out{ending}', 'mmpose', network)
    estimator = models.build_pose_estimator(
        dict(
            type='mmpose.TopdownPoseEstimator',
            backbone=dict(
                type='mmpose.ResNet', depth=18, init_cfg=dict(type='mmpretrain.PretrainedBackbone', checkpoint=out)
            ),
            head=dict(
                type='mmpose.HeatmapHead',
                in_channels=512,
                out_channels=5,
                loss=dict(type='mmpose.KeypointMSELoss'),
                decoder=dict(type='mmpose.MSRAHeatmap', input_size=(64, 64), heatmap_size=(16, 16), sigma=2),
            ),
        )
    )
    estimator.init_weights()
    with torch.no_grad():
        got = estimator.eval().extract_feat(images)[-1].mean(dim=(2, 3))
    assert_same(got, features)


@pytest.mark.parametrize('ending', ['.pth', '.safetensors'])
def test_features_in_torchvision(checkpoint, images, features, network, ending):
    from torchvision.models import resnet18

    net = resnet18()
    net.fc = torch.nn.Identity()
    net.load_state_dict(tensors(exported(checkpoint, f'out{ending}', 'torchvision', network)))
    with torch.no_grad():
        assert_same(net.eval()(images), features)


@pytest.mark.parametrize('ending', ['.pth', '.safetensors'])
def test_features_in_timm(checkpoint, images, features, network, ending):
    timm = pytest.importorskip('timm')
    out = exported(checkpoint, f'out{ending}', 'timm', network)
    net = timm.create_model('resnet18', num_classes=0, checkpoint_path=out)
    with torch.no_grad():
        assert_same(net.eval()(images), features)


def test_bottlenecks_of_resnet50_fit_torchvision(images, tmp_path):
    from torchvision.models import resnet50

    backbone = dict(type='ResNet', depth=50)
    model = fra(backbone, 2048)
    out = exported(save(model, tmp_path / 'r50.pth', backbone), 'out.pth', 'torchvision', 'online')
    net = resnet50()
    net.fc = torch.nn.Identity()
    net.load_state_dict(tensors(out))
    with torch.no_grad():
        assert_same(net.eval()(images), model.backbone(images)[-1].mean(dim=(2, 3)))


def test_the_record_says_where_the_weights_come_from(checkpoint, tmp_path):
    record = export_backbone(checkpoint, str(tmp_path / 'out.pth'), network='target')
    meta = torch.load(tmp_path / 'out.pth', weights_only=True)['meta']
    assert meta == record
    assert meta['source'] == 'epoch_3.pth' and meta['network'] == 'target' and meta['config'] == 'fra_r18'
    assert (meta['epoch'], meta['iter']) == (3, 30)
    assert meta['sha256'] == hashlib.sha256(Path(checkpoint).read_bytes()).hexdigest()
    assert meta['versions']['torch'] == torch.__version__


def test_safetensors_hold_the_record_as_metadata(checkpoint, tmp_path):
    safetensors = pytest.importorskip('safetensors')
    export_backbone(checkpoint, str(tmp_path / 'out.safetensors'), 'timm')
    with safetensors.safe_open(str(tmp_path / 'out.safetensors'), 'pt') as file:
        meta = file.metadata()
    assert meta['source'] == 'epoch_3.pth' and meta['layout'] == 'timm' and meta['epoch'] == '3'


def test_the_config_in_the_record_builds_the_backbone(checkpoint, model, images, tmp_path):
    export_backbone(checkpoint, str(tmp_path / 'out.pth'))
    content = torch.load(tmp_path / 'out.pth', weights_only=True)
    config = Config.fromstring(content['meta']['cfg'], '.py')
    classifier = MODELS.build(config.model)
    classifier.load_state_dict(content['state_dict'])
    with torch.no_grad():
        assert_same(classifier.eval().extract_feat(images)[-1], model.backbone(images)[-1])
    assert classifier.data_preprocessor.mean.flatten().tolist() == pytest.approx(MEAN)
    assert config.test_dataloader.dataset.pipeline[1].size == 64


def test_official_and_byol_checkpoints_are_found_by_their_names(model, tmp_path):
    weights = model.backbone.state_dict()
    for prefixes in (
        ('online_net.backbone.', 'target_net.backbone.'),
        ('module.backbone.', 'module.target_net.module.0.'),
    ):
        state_dict = {
            f'{prefix}{name}': tensor + i for i, prefix in enumerate(prefixes) for name, tensor in weights.items()
        }
        torch.save(dict(state_dict=state_dict), tmp_path / 'in.pth')
        for i, network in enumerate(('online', 'target')):
            got = tensors(exported(str(tmp_path / 'in.pth'), 'out.pth', 'torchvision', network))
            assert got.keys() == weights.keys()
            assert torch.equal(got['conv1.weight'], weights['conv1.weight'] + i)


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(strides=(1, 2, 2, 1)), r'strides=\(1, 2, 2, 2\), the checkpoint\'s has \(1, 2, 2, 1\)'),
        (dict(base_channels=32, stem_channels=32), 'stem_channels=64'),
        (dict(norm_cfg=dict(type='GN', num_groups=8)), "the checkpoint's has GN"),
        (dict(type='ConvNeXt'), 'takes a ResNet only, the checkpoint has a ConvNeXt'),
        (dict(depth=9), 'no such ResNet'),
    ],
)
@pytest.mark.parametrize('layout', ['torchvision', 'timm'])
def test_backbones_that_torchvision_and_timm_do_not_have_are_refused(model, tmp_path, changes, message, layout):
    checkpoint = save(model, tmp_path / 'in.pth', dict(BACKBONE, **changes))
    with pytest.raises(ValueError, match=message):
        export_backbone(checkpoint, str(tmp_path / 'out.pth'), layout)
    assert not (tmp_path / 'out.pth').exists()


def test_tensors_that_torchvision_does_not_have_are_refused(model, tmp_path):
    state_dict = model.state_dict()
    state_dict['backbone.conv1.weight'] = state_dict['backbone.conv1.weight'][:32]
    torch.save(state_dict, tmp_path / 'in.pth')
    with pytest.raises(
        ValueError, match=r'conv1.weight of shape \(64, 3, 7, 7\), the checkpoint of shape \(32, 3, 7, 7\)'
    ):
        export_backbone(str(tmp_path / 'in.pth'), str(tmp_path / 'out.pth'), 'torchvision')


def test_other_backbones_go_to_mmpretrain(tmp_path):
    backbone = dict(
        type='ConvNeXt', arch=dict(depths=[1, 1, 1, 1], channels=[8, 8, 8, 16]), gap_before_final_norm=False
    )
    model = fra(backbone, 16)
    out = exported(save(model, tmp_path / 'in.pth', backbone), 'out.pth', 'mmpretrain', 'online')
    net = MODELS.build(dict(backbone, init_cfg=dict(type='PretrainedBackbone', checkpoint=out)))
    net.init_weights()
    images = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        net.eval()
        assert_same(net(images)[-1], model.backbone(images)[-1])


def test_mmpose_is_another_word_for_mmpretrain(checkpoint, tmp_path):
    files = [str(tmp_path / f'{layout}.pth') for layout in ('mmpretrain', 'mmpose')]
    records = [export_backbone(checkpoint, file, Path(file).stem) for file in files]
    assert records[0] == records[1] and list(tensors(files[0])) == list(tensors(files[1]))


def test_a_wrong_request_is_refused(checkpoint, tmp_path):
    out = str(tmp_path / 'out.pth')
    with pytest.raises(ValueError, match='the layout must be one of'):
        export_backbone(checkpoint, out, 'keras')
    with pytest.raises(ValueError, match="online or target, got 'both'"):
        export_backbone(checkpoint, out, network='both')
    with pytest.raises(FileNotFoundError):
        export_backbone(str(tmp_path / 'none.pth'), out)
    torch.save(dict(head=torch.zeros(1)), tmp_path / 'head.pth')
    with pytest.raises(ValueError, match='no online backbone: expected tensors called backbone'):
        export_backbone(str(tmp_path / 'head.pth'), out)
    with pytest.raises(IsADirectoryError):
        export_backbone(checkpoint, str(tmp_path))
    assert not Path(out).exists()


def test_the_command_exports_or_says_in_one_line_why_not(checkpoint, tmp_path, monkeypatch, capsys):
    main = runpy.run_path(str(TOOL))['main']
    out = str(tmp_path / 'out.pth')
    monkeypatch.setattr(sys, 'argv', [str(TOOL), checkpoint, out, '--format', 'torchvision', '--network', 'target'])
    main()
    assert 'conv1.weight' in tensors(out) and out in capsys.readouterr().out

    (tmp_path / 'text.pth').write_text('no weights')
    monkeypatch.setattr(sys, 'argv', [str(TOOL), str(tmp_path / 'text.pth'), str(tmp_path / 'new' / 'out.pth')])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    (error,) = capsys.readouterr().err.splitlines()
    assert error.startswith('error: ') and 'text.pth' in error
    assert not (tmp_path / 'new').exists()


@pytest.mark.parametrize('tool', ['export_backbone', 'official_to_plugin', 'export_onnx'])
def test_no_converter_replaces_the_checkpoint_it_reads(checkpoint, tmp_path, run_tool, tool):
    path = Path(checkpoint).rename(tmp_path / 'epoch_3.onnx') if tool == 'export_onnx' else Path(checkpoint)
    before = path.read_bytes()
    (tmp_path / f'link{path.suffix}').symlink_to(path)
    for out in (path, tmp_path / f'link{path.suffix}'):
        code, _, lines = run_tool(f'model_converters/{tool}.py', path, out)
        assert code == 1 and lines == [f'error: {out} is the checkpoint itself: choose another name']
    assert path.read_bytes() == before


def test_the_norm_layers_of_an_exported_config_need_no_plugin():
    text = "model = dict(type='FRA', backbone=dict(type='ResNet', depth=50, norm_cfg=dict(type='NonBlockingSyncBN', eps=1e-3)))"
    content = dict(state_dict={'backbone.conv1.weight': torch.zeros(1)}, meta=dict(cfg=text))
    backbone = find_backbone(content, 'online', 'a.pth')
    assert backbone.config == dict(type='ResNet', depth=50, norm_cfg=dict(type='SyncBN', eps=1e-3))
