"""``_base_ = 'fra_plugin::...'`` works in a folder outside of the project, in one's own script and in all commands."""

import re
import runpy
import subprocess
from pathlib import Path
from types import SimpleNamespace

import face_layouts
import pytest
from mmengine.config import Config
from warm_python import warm_python

from fra_plugin.apis import FRAFeatures
from fra_plugin.command import errors_in_one_line
from fra_plugin.configs import find_config, load_config

REPO = Path(__file__).resolve().parents[2]

PRETRAINING = """
_base_ = 'fra_plugin::fra/fra_r18_1xb64_demo.py'
custom_imports = dict(imports=['fra_plugin', 'my_hook'], allow_failed_imports=False)
custom_hooks = _base_.custom_hooks + [dict(type='MyHook')]
model = dict(neck=dict(hid_channels=16, out_channels=16), head=dict(hid_channels=16))
train_dataloader = dict(
    batch_size=4, num_workers=0, persistent_workers=False,
    dataset=dict(data_root='faces', data_prefix='', ann_file=''))
train_cfg = dict(max_epochs=1)
param_scheduler = []
"""
CLASSIFICATION = """
_base_ = 'fra_plugin::transfer/classification/resnet18_1xb32-ft-10pct-fra_synthetic.py'
model = dict(backbone=dict(init_cfg=None))
train_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(
    min_length=None, share=0.5, dataset=dict(data_root='rafdb', pipeline=_base_.test_pipeline)))
val_dataloader = test_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(data_root='rafdb'))
train_cfg = dict(max_epochs=1, val_interval=1)
param_scheduler = []
"""
LANDMARKS = """
_base_ = 'fra_plugin::transfer/landmark/td-hm_r18_udp-1xb32-8e_synthetic-96x96.py'
model = dict(backbone=dict(init_cfg=None), head=dict(decoder=dict(sigma=_base_.codec.sigma + 1)))
"""
HOOK = """
from mmengine.hooks import Hook
from mmengine.registry import HOOKS


@HOOKS.register_module()
class MyHook(Hook):
    def after_train(self, runner):
        print('MyHook was here')
"""
SCRIPT = """
import sys

import fra_plugin
from mmengine.config import Config
from mmengine.runner import Runner

for name in sys.argv[1:]:
    runner = Runner.from_cfg(Config.fromfile(name))
    print(name, type(runner.model).__module__, type(runner.model).__name__)
    print(*(type(hook).__name__ for hook in runner.hooks))
"""


@pytest.fixture(scope='module')
def elsewhere(tmp_path_factory):
    """A project of somebody else: faces, configs, a hook and a script."""
    folder = tmp_path_factory.mktemp('elsewhere')
    for i in range(4):
        face_layouts.face(folder / f'faces/{i}.png', i, size=48)
    face_layouts.rafdb(folder / 'rafdb')
    configs = dict(own=PRETRAINING, own_classes=CLASSIFICATION, own_landmarks=LANDMARKS)
    for name, text in dict(configs, my_hook=HOOK, script=SCRIPT).items():
        (folder / f'{name}.py').write_text(text)
        if name in configs:
            with open(folder / f'{name}.py', 'a') as file:
                file.write(f"work_dir = 'work_dirs/{name}'\n")
    return folder


@pytest.fixture(scope='module')
def start(elsewhere):
    """Runs a command in that folder."""
    environment = dict(
        PATH='/usr/bin:/bin', PYTHONPATH=f'{REPO}:{elsewhere}', OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES=''
    )
    with warm_python(elsewhere) as python:

        def start(*command):
            done = subprocess.run(
                [str(python), *map(str, command)],
                cwd=elsewhere,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=240,
            )
            return done.returncode, done.stdout

        yield start


def test_own_script_builds_runners(start):
    code, output = start('script.py', 'own.py', 'own_classes.py')
    assert code == 0, output
    assert 'own.py fra_plugin.models.fra FRA' in output and 'RegionHeatmapHook MyHook' in output
    assert 'own_classes.py mmpretrain.models.classifiers.image ImageClassifier' in output


def test_own_script_builds_a_landmark_runner(start):
    pytest.importorskip('mmpose')
    code, output = start('script.py', 'own_landmarks.py')
    assert code == 0, output
    assert 'own_landmarks.py mmpose.models.pose_estimators.topdown TopdownPoseEstimator' in output


def test_train_takes_own_config(elsewhere, start):
    code, output = start(REPO / 'tools/train.py', 'own.py')
    assert code == 0 and 'MyHook was here' in output, output
    assert (elsewhere / 'work_dirs/own/epoch_1.pth').is_file()


def test_train_and_test_take_own_config_of_a_transfer(start):
    code, output = start(REPO / 'tools/train.py', 'own_classes.py')
    assert code == 0, output
    code, output = start(REPO / 'tools/test.py', 'own_classes.py', 'work_dirs/own_classes/epoch_1.pth')
    assert code == 0 and 'accuracy/top1' in output, output


def test_the_benchmark_takes_own_config(elsewhere, monkeypatch):
    monkeypatch.setattr(Config, 'pretty_text', '')
    args = SimpleNamespace(
        checkpoint='random',
        tasks=str(elsewhere / 'own_classes.py'),
        budget=[100.0],
        seeds=1,
        data_root='data',
        work_dir=elsewhere,
        cfg_options={},
    )
    (run,) = runpy.run_path(str(REPO / 'tools/benchmark.py'))['plan'](args)
    assert run.cfg.model.backbone.init_cfg is None and run.cfg.model.head.in_channels == 128


def test_features_of_random_weights_take_own_config(elsewhere, monkeypatch):
    """As a row of tools/benchmark_frozen.py does."""
    monkeypatch.syspath_prepend(str(elsewhere))
    features = FRAFeatures(None, str(elsewhere / 'own.py'))
    assert features(str(elsewhere / 'faces/0.png'), what=['embedding'])['embedding'].shape == (1, 128)


def test_values_of_the_base_are_at_hand(elsewhere):
    cfg = load_config(str(elsewhere / 'own_classes.py'))
    assert len(cfg.train_dataloader.dataset.dataset.pipeline) == 3 and cfg.default_scope == 'mmpretrain'
    assert 'fra_plugin' not in re.findall(r"'_scope_': '(\w+)'", str(cfg.to_dict()))


def test_a_missing_base_is_named_in_one_line(elsewhere, capsys):
    (elsewhere / 'typo.py').write_text("_base_ = 'fra_plugin::fra/fra_r5_8xb64.py'\n")
    with pytest.raises(SystemExit), errors_in_one_line():
        load_config(str(elsewhere / 'typo.py'))
    assert capsys.readouterr().err.splitlines() == [
        f'error: {elsewhere}/typo.py: no config fra_plugin::fra/fra_r5_8xb64.py; '
        'did you mean fra_plugin::fra/fra_r50_8xb64.py?'
    ]


@pytest.mark.parametrize(
    ('base', 'hint'),
    [
        ('configs/fra/fra_r50_8xb64.py', "; did you mean _base_ = 'fra_plugin::fra/fra_r50_8xb64.py'?"),
        ('fra_r50_8xb64.py', "; did you mean _base_ = 'fra_plugin::fra/fra_r50_8xb64.py'?"),
        ('transfer/parsing/_base_/lapa.py', "; did you mean _base_ = 'fra_plugin::transfer/parsing/_base_/lapa.py'?"),
        ('other.py', ''),
    ],
)
def test_a_base_of_this_project_that_lies_elsewhere_is_suggested(elsewhere, base, hint):
    (elsewhere / 'moved.py').write_text(f"_base_ = '{base}'\n")
    with pytest.raises(FileNotFoundError) as error:
        load_config(str(elsewhere / 'moved.py'))
    assert str(error.value) == f'{elsewhere}/moved.py: no base config {elsewhere}/{base}{hint}'


def test_the_prefix_names_a_whole_path():
    assert find_config('fra_plugin::fra/fra_r50_8xb64.py') == str(REPO / 'configs/fra/fra_r50_8xb64.py')
    with pytest.raises(
        FileNotFoundError, match='no config fra_plugin::fra_r50_8xb64.py; did you mean fra_plugin::fra/'
    ):
        find_config('fra_plugin::fra_r50_8xb64.py')
