"""Every classification config trains and evaluates on tiny data in the official layout, from pre-trained weights."""

from pathlib import Path

import face_layouts
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS

import fra_plugin  # noqa: F401
from fra_plugin.engine.runners.fit_to_machine import fit_to_machine

FOLDER = Path(__file__).resolve().parents[2] / 'configs/transfer/classification'
CONFIGS = sorted(path.stem for path in FOLDER.glob('*.py'))
TRAINED = [name for name in CONFIGS if '-verify-' not in name]
NARROW = dict(
    ResNet=dict(stem_channels=4, base_channels=4),
    VisionTransformer=dict(
        img_size=32, patch_size=16, arch=dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32)
    ),
)

LAYOUTS = dict(
    rafdb=face_layouts.rafdb,
    affectnet7=face_layouts.affectnet,
    affectnet8=face_layouts.affectnet,
    fer2013=face_layouts.fer2013,
    ferplus=face_layouts.ferplus,
    celeba=face_layouts.celeba,
    facecsv=face_layouts.face_csv,
    facefolders=face_layouts.face_folders,
    lfw=face_layouts.lfw,
    synthetic=face_layouts.rafdb,
    muxspace=face_layouts.muxspace,
    lfw_attributes=face_layouts.lfw_attributes,
    utkface=face_layouts.utkface,
    utkface_csv=face_layouts.utkface_csv,
    fgnet=face_layouts.fgnet,
    morph=face_layouts.morph,
    w300lp=face_layouts.head_poses,
    lfw_pose=face_layouts.lfw_pose,
    bp4d=face_layouts.bp4d,
    disfa=face_layouts.disfa,
)
# Layouts that are not called as the config's data.
NAMED = {
    'lfw-attributes': 'lfw_attributes',
    'lfw-pose': 'lfw_pose',
    '300wlp': 'w300lp',
    'utkface-gender': 'utkface_csv',
}
# Results of a task; those of any other are ACCURACY.
ACCURACY = {'accuracy/top1', 'class_accuracy/mean'}
ATTRIBUTES = {'attribute/accuracy', 'attribute/balanced_accuracy', 'attribute/f1'}
RESULTS = {
    'celeba': ATTRIBUTES,
    'attributes': ATTRIBUTES,
    'utkface-gender': {'accuracy/top1', 'class_accuracy/mean', 'group/race/0', 'group/race/gap', 'group/age/gap'},
    **dict.fromkeys(('utkface', 'fgnet', 'morph'), {'age/mae', 'age/cs@5'}),
    '300wlp': {'pose/mae', 'pose/mae/yaw', 'pose/mae/pitch', 'pose/mae/roll'},
    'disfa-intensity': {'unit/mae', 'unit/mae/AU12'},
    **dict.fromkeys(('bp4d', 'disfa'), {'unit/f1', 'unit/f1/AU12'}),
}


@pytest.fixture(autouse=True)
def no_pretty_configs(monkeypatch):
    """A Runner formats its config six times, which takes longer than all the rest."""
    monkeypatch.setattr(Config, 'pretty_text', property(lambda cfg: ''))


def pretrain(path, backbone):
    """Write a file in the layout of this package's training checkpoints; its backbone's tensors and its channels."""
    torch.manual_seed(1)
    model = MODELS.build(dict(backbone, init_cfg=None))
    model.eval()
    channels = model(torch.zeros(1, 3, 32, 32))[-1].shape[1]
    weights = model.state_dict()
    for name, value in weights.items():
        if name.endswith('running_mean'):
            value.normal_(std=0.1)
    online = {f'backbone.{name}': value for name, value in weights.items()}
    torch.save(dict(state_dict=dict(online, **{f'target.{name}': value + 1 for name, value in online.items()})), path)
    return weights, channels


def shrink(node, root):
    """Small images, the data's place, and no worker processes, wherever they stand in a config."""
    if isinstance(node, (list, tuple)):
        return [shrink(child, root) for child in node]
    if not isinstance(node, dict):
        return node
    changes = dict(num_workers=0, persistent_workers=False, data_root=str(root), min_length=16)
    if node.get('type') == 'Resize':
        changes.update(scale=(32, 32))
    if node.get('type') == 'FaceCrop':
        changes.update(size=32)
    for key in list(node):
        node[key] = changes[key] if key in changes else shrink(node[key], root)
    return node


def prepare(name, tmp_path):
    """The config on tiny data, and the tensors of the checkpoint that it starts from."""
    data = name.rsplit('fra_', 1)[1]
    data = NAMED.get(data, data.split('-')[0])
    root = tmp_path / data
    root.mkdir()
    LAYOUTS[data](root)
    cfg = Config.fromfile(FOLDER / f'{name}.py')
    cfg.model.backbone.update(NARROW[cfg.model.backbone.type])
    weights, channels = pretrain(tmp_path / 'epoch_50.pth', cfg.model.backbone)
    if cfg.get('optim_wrapper'):
        cfg.merge_from_dict(
            {  # what --cfg-options does
                'model.backbone.init_cfg.checkpoint': str(tmp_path / 'epoch_50.pth'),
                'model.head.in_channels': channels,
                'train_dataloader.batch_size': 8,
                'train_cfg.max_epochs': 1,
                'param_scheduler': [],
            }
        )  # a step of the warm-up would leave no trace
    for part in ('train_dataloader', 'val_dataloader', 'test_dataloader', 'val_evaluator', 'test_evaluator'):
        shrink(cfg.get(part), root)
    cfg.work_dir = str(tmp_path / 'work')
    cfg.experiment_name = f'{tmp_path.name}-{name}'
    cfg.launcher = 'none'
    cfg.default_hooks.checkpoint = None
    cfg.randomness = dict(seed=0)
    fit_to_machine(cfg)
    return cfg, weights


def test_there_is_a_config_for_every_protocol():
    for data in ('rafdb', 'affectnet7', 'fer2013', 'ferplus', 'celeba', 'facecsv'):
        for protocol in ('ft', 'linear'):
            assert any(f'-{protocol}-fra_{data}' in name for name in CONFIGS), (protocol, data)


@pytest.mark.parametrize('name', [name for name in CONFIGS if name.startswith('resnet18')])
def test_no_small_config_inherits_another_task(name):
    assert all('_base_/' in base for base in Config._get_base_files(str(FOLDER / f'{name}.py')))


@pytest.mark.parametrize('name', CONFIGS)
def test_collate_function_and_imports_are_named(name):
    cfg = Config.fromfile(FOLDER / f'{name}.py')
    assert cfg.custom_imports['imports'] == ['fra_plugin'] and cfg.default_scope == 'mmpretrain'
    loaders = [cfg.get(f'{split}_dataloader') for split in ('train', 'val', 'test')]
    assert all(loader.collate_fn.type == 'default_collate' for loader in loaders if loader)


@pytest.mark.parametrize('name', TRAINED)
def test_config_trains_and_evaluates(name, tmp_path):
    cfg, weights = prepare(name, tmp_path)
    runner = Runner.from_cfg(cfg)
    runner.train()
    metrics = {
        name[4:]: runner.message_hub.get_scalar(name).current()
        for name in runner.message_hub.log_scalars
        if name.startswith('val/') and 'time' not in name
    }
    state = runner.model.backbone.state_dict()
    moved = [key for key in weights if not torch.equal(state[key], weights[key])]
    if '-linear-' in name:
        assert not moved and not any(p.requires_grad for p in runner.model.backbone.parameters())
    else:
        assert {key for key in weights if key.endswith(('.weight', 'running_mean'))} <= set(moved)
    assert all(torch.isfinite(value).all() for value in runner.model.state_dict().values())
    expected = next((results for task, results in RESULTS.items() if task in name), ACCURACY)
    assert expected <= set(metrics) and all(0 <= value <= 100 for value in metrics.values())
    if expected == ACCURACY:
        assert list((tmp_path / 'work').rglob('confusion_matrix_*.png'))


def test_linear_probe_moves_only_the_linear_layer(tmp_path):
    cfg, _ = prepare('resnet50_8xb32-linear-fra_rafdb', tmp_path)
    runner = Runner.from_cfg(cfg)
    runner.model.init_weights()
    before = {name: value.clone() for name, value in runner.model.state_dict().items()}
    runner.train()
    moved = {name for name, value in runner.model.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {'head.fc.weight', 'head.fc.bias'}
    assert not any(module.training for module in runner.model.backbone.modules() if 'Norm' in type(module).__name__)


def test_layer_wise_rates_fall_from_the_head_to_the_stem(tmp_path):
    cfg, _ = prepare('resnet50_8xb32-ft-fra_rafdb', tmp_path)
    cfg.merge_from_dict(
        {
            'optim_wrapper.constructor': 'LearningRateDecayOptimWrapperConstructor',
            'optim_wrapper.paramwise_cfg.layer_decay_rate': 0.75,
        }
    )
    runner = Runner.from_cfg(cfg)
    groups = runner.build_optim_wrapper(cfg.optim_wrapper).optimizer.param_groups
    rates = {group['param_name']: group['lr'] for group in groups if 'param_name' in group}
    assert rates['head.fc.weight'] == pytest.approx(2e-4)
    order = [
        'backbone.conv1.weight',
        'backbone.layer1.0.conv1.weight',
        'backbone.layer3.5.conv1.weight',
        'backbone.layer4.2.conv1.weight',
        'head.fc.weight',
    ]
    assert all(rates[low] < rates[high] for low, high in zip(order, order[1:]))


def test_low_label_config_sees_its_share_and_changes_by_options(tmp_path):
    init_default_scope('mmpretrain')
    cfg, _ = prepare('resnet50_8xb32-ft-10pct-fra_rafdb', tmp_path)
    cfg.merge_from_dict({'train_dataloader.dataset.share': 0.5, 'train_dataloader.dataset.seed': 1})
    dataset = Runner.build_dataloader(cfg.train_dataloader, seed=0).dataset
    assert len({dataset.get_data_info(i)['img_path'] for i in range(len(dataset))}) == 7 and len(dataset) == 21


def test_wrong_checkpoint_stops_before_the_first_step(tmp_path):
    cfg, _ = prepare('resnet50_8xb32-ft-fra_rafdb', tmp_path)
    cfg.model.backbone.init_cfg.prefix = 'encoder.'
    with pytest.raises(ValueError, match="prefix='backbone.' or 'target.backbone.' would fill it"):
        Runner.from_cfg(cfg).train()


def test_random_weights_are_an_option(tmp_path):
    cfg, _ = prepare('resnet50_8xb32-ft-fra_rafdb', tmp_path)
    cfg.merge_from_dict({'model.backbone.init_cfg': None})
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter == 2


def verify(tmp_path, load_from, name='resnet50_1xb64-verify-fra_lfw'):
    cfg, weights = prepare(name, tmp_path)
    cfg.load_from = load_from
    return Runner.from_cfg(cfg), weights


@pytest.mark.parametrize('name', [name for name in CONFIGS if '-verify-' in name])
def test_verification_runs_in_the_test_loop(tmp_path, name):
    runner, weights = verify(tmp_path, str(tmp_path / 'epoch_50.pth'), name)
    metrics = runner.test()
    assert {'verification/accuracy', 'verification/auc', 'verification/tar@far=0.1'} <= set(metrics)
    state = runner.model.backbone.state_dict()
    assert all(torch.equal(state[name], value) for name, value in weights.items())


def test_verification_refuses_random_weights(tmp_path):
    with pytest.raises(ValueError, match='needs a checkpoint'):
        verify(tmp_path, None)[0].test()


def test_verification_refuses_a_checkpoint_without_the_backbone(tmp_path):
    runner, weights = verify(tmp_path, str(tmp_path / 'other.pth'))
    torch.save({f'encoder.{name}': value for name, value in weights.items()}, tmp_path / 'other.pth')
    with pytest.raises(ValueError, match="other.pth has no known place .* prefix='encoder.' would fill it"):
        runner.test()
