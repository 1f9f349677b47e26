"""mmengine's pure Python configs, whose types are classes, work in every command as text configs do."""

import json
import runpy
import sys

import numpy as np
import pytest
import torch
from faults.tiny_training import REPO, draw_faces, start_tool
from mmengine.config import Config
from torch import nn

from fra_plugin.apis import FRAFeatures
from fra_plugin.checkpoints.registered_types import registered_name, with_names
from fra_plugin.checkpoints.safe_loading.safe_load import safe_load
from fra_plugin.engine.runners.fit_to_machine import fit_to_machine

BASE = """
from mmengine.dataset import DefaultSampler, default_collate
from mmengine.optim import AmpOptimWrapper
from mmpretrain.datasets import PackInputs, RandomFlip
from mmpretrain.models import ResNet, SelfSupDataPreprocessor
from torch.nn import BatchNorm2d
from torch.optim import AdamW

from fra_plugin.datasets import FaceFolder, FastRandomResizedCrop, LoadFace, LocatedMultiView
from fra_plugin.engine import MomentumUpdateHook, ReliableTrainLoop
from fra_plugin.models import FRA, FRAHead, FRANeck

default_scope = 'mmpretrain'
bn = dict(type=BatchNorm2d)
view = [dict(type=FastRandomResizedCrop, scale=64), dict(type=RandomFlip, prob=0.5)]
pipeline = [
    dict(type=LoadFace), dict(type=LocatedMultiView, num_views=[1, 1], transforms=[view, view]), dict(type=PackInputs)]
model = dict(
    type=FRA,
    data_preprocessor=dict(type=SelfSupDataPreprocessor, mean=[133.39, 103.12, 88.97], std=[64.67, 55.95, 52.79], to_rgb=True),
    backbone=dict(type=ResNet, depth=18, stem_channels=64, base_channels=64, norm_cfg=bn, zero_init_residual=False),
    neck=dict(type=FRANeck, in_channels=512, hid_channels=16, out_channels=16, norm_cfg=bn),
    head=dict(type=FRAHead, hid_channels=16, norm_cfg=bn))
train_dataloader = dict(
    batch_size=4, num_workers=0, sampler=dict(type=DefaultSampler, shuffle=True), collate_fn=dict(type=default_collate),
    dataset=dict(type=FaceFolder, pipeline=pipeline))
optim_wrapper = dict(type=AmpOptimWrapper, loss_scale='dynamic', optimizer=dict(type=AdamW, lr=1e-3))
train_cfg = dict(type=ReliableTrainLoop, max_epochs=1)
custom_hooks = [dict(type=MomentumUpdateHook)]
"""
LEAF = """
from mmengine.config import read_base

with read_base():
    from .base import *

train_dataloader['dataset'].update(data_prefix='FACES')
"""


@pytest.fixture(scope='module')
def case(tmp_path_factory):
    """Faces, a config with a base, and what train.py made of them."""
    folder = tmp_path_factory.mktemp('case')
    faces = draw_faces(folder / 'my faces', 8)
    (folder / 'base.py').write_text(BASE)
    (folder / 'leaf.py').write_text(LEAF.replace('FACES', str(faces)))
    process = start_tool('train.py', [str(folder / 'leaf.py'), '--work-dir', str(folder / 'run')], folder / 'log')
    process.join(200)
    assert process.exitcode == 0, (folder / 'log').read_text()[-3000:]
    return folder


@pytest.fixture
def run(monkeypatch, capsys):
    def run(tool, *args):
        main = runpy.run_path(str(REPO / 'tools' / tool))['main']
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, args)])
        main()

    return run


@pytest.mark.parametrize('named', [False, True])
def test_the_checkpoint_gives_features_and_regions(case, tmp_path, named):
    config = str(case / 'leaf.py') if named else None
    features = FRAFeatures(case / 'run' / 'epoch_1.pth', config, 'cpu')
    assert features.size == 64 and features.to_rgb and features.model is not None
    outputs = features(case / 'my faces')
    assert outputs['embedding'].shape == (8, 512) and outputs['heatmaps'].shape[:2] == (8, 8)


def test_the_commands_know_its_model(case, run, tmp_path):
    checkpoint = case / 'run' / 'epoch_1.pth'
    run('visualize_heatmaps.py', checkpoint, case / 'my faces', '--out', tmp_path / 'drawn', '--device', 'cpu')
    assert len(list((tmp_path / 'drawn').glob('*.png'))) == 9
    run('model_converters/export_backbone.py', checkpoint, tmp_path / 'tv.pth', '--format', 'torchvision')
    run('model_converters/export_backbone.py', checkpoint, tmp_path / 'backbone.pth')
    expected = FRAFeatures(checkpoint, device='cpu')(case / 'my faces', what='embedding')['embedding']
    exported = FRAFeatures(tmp_path / 'backbone.pth', device='cpu')(case / 'my faces', what='embedding')['embedding']
    np.testing.assert_allclose(exported, expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(
        torch.load(tmp_path / 'tv.pth')['state_dict']['conv1.weight'],
        safe_load(checkpoint)['state_dict']['backbone.conv1.weight'],
    )


def test_random_weights_of_it_are_compared(case, run, tmp_path):
    data = dict(type='FaceCSV', data_root=str(case / 'my faces'), ann_file='who.csv', label_column='who')
    names = [f'{i:02}.png' for i in range(8)]
    (case / 'my faces' / 'who.csv').write_text(
        'path,who\n' + ''.join(f'{name},{i % 4}\n' for i, name in enumerate(names))
    )
    tasks = Config(dict(tasks=dict(pair=dict(type='pairs', dataset=data, num_pairs=8)))).pretty_text
    (tmp_path / 'tasks.py').write_text(tasks)
    run('benchmark_frozen.py', tmp_path / 'tasks.py', f'random={case / "leaf.py"}', '--out', tmp_path / 'out', '--seeds', 1,
        '--no-descriptors', '--device', 'cpu')  # fmt: skip
    numbers = json.loads((tmp_path / 'out' / 'results.json').read_text())['numbers']
    assert [0 <= number <= 100 for key, number in numbers.items() if key.startswith('random')] == [
        True
    ] * 2  # two places


def test_mixed_precision_by_its_class_is_switched_off_without_a_gpu(case, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    for cfg in (Config.fromfile(case / 'leaf.py'), Config(Config.fromfile(case / 'leaf.py').to_dict())):
        cfg.launcher = 'none'
        assert any('mixed precision' in change for change in fit_to_machine(cfg))
        assert cfg.optim_wrapper.type == 'OptimWrapper' and 'loss_scale' not in cfg.optim_wrapper


def test_a_path_of_an_import_is_the_name_of_what_is_registered_and_of_nothing_else():
    assert (
        registered_name('fra_plugin.models.FRA') == registered_name('mmpretrain.FRA') == registered_name('FRA') == 'FRA'
    )
    assert registered_name('torch.nn.BatchNorm2d') == registered_name(nn.BatchNorm2d) in ('BN', 'BN2d')
    for name in ('os.system', 'torch.nn.Module', 'no_such_module.FRA', 'antigravity.FRA', None, 3, ''):
        assert registered_name(name) is None
    assert 'antigravity' not in sys.modules
    config = dict(type='mmpretrain.models.ResNet', parts=[dict(type='os.system'), (dict(type='FRA'),)])
    assert with_names(config) == dict(type='ResNet', parts=[dict(type='os.system'), (dict(type='FRA'),)])
