"""tools/train.py, tools/test.py and their launchers: real runs on tiny data, and every user's mistake in one line."""

import importlib.util
import json
import os
import pickle
import re
import socket
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger

from fra_plugin.checkpoints.safe_loading.safe_load import safe_load
from fra_plugin.command import errors_in_one_line, read_config

REPO = Path(__file__).resolve().parents[2]

PRETRAINING = """
_base_ = ['{repo}/configs/_base_/models/fra_r50.py', '{repo}/configs/_base_/datasets/faces_two_views_96px.py',
          '{repo}/configs/_base_/fra_runtime.py']
model = dict(
    backbone=dict(depth=18, stem_channels=8, base_channels=8),
    neck=dict(in_channels=64, hid_channels=16, out_channels=16,
              heatmap_head=dict(num_regions=4, num_layers=1, num_heads=2)),
    head=dict(hid_channels=16))
train_dataloader = dict(
    batch_size=4, num_workers=0, persistent_workers=False,
    dataset=dict(data_root='{folder}', data_prefix='faces', ann_file=''))
optim_wrapper = dict(optimizer=dict(type='ForeachLARS', lr=0.1))
train_cfg = dict(type='ReliableTrainLoop', max_epochs=2)
randomness = dict(seed=0)
"""

CLASSIFICATION = """
_base_ = 'mmpretrain::_base_/default_runtime.py'
data_preprocessor = dict(num_classes=2, mean=[127.5] * 3, std=[64] * 3, to_rgb=True)
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet', depth=18, stem_channels=8, base_channels=8),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=2, in_channels=64, loss=dict(type='CrossEntropyLoss')))
pipeline = [dict(type='LoadImageFromFile'), dict(type='Resize', scale=32), dict(type='PackInputs')]
train_dataloader = dict(
    batch_size=4, num_workers=0, collate_fn=dict(type='default_collate'), sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='CustomDataset', data_root='{folder}/faces', pipeline=pipeline))
val_dataloader = test_dataloader = dict(
    batch_size=4, num_workers=0, collate_fn=dict(type='default_collate'), sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CustomDataset', data_root='{folder}/faces', pipeline=pipeline))
val_evaluator = test_evaluator = dict(type='Accuracy', topk=(1, ))
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01))
train_cfg = dict(by_epoch=True, max_epochs=1)
val_cfg = dict()
test_cfg = dict()
"""

LANDMARKS = """
_base_ = 'mmpose::_base_/default_runtime.py'
codec = dict(type='MSRAHeatmap', input_size=(64, 64), heatmap_size=(16, 16), sigma=1)
model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(type='PoseDataPreprocessor', mean=[127.5] * 3, std=[64] * 3, bgr_to_rgb=True),
    backbone=dict(type='ResNet', depth=18, stem_channels=8, base_channels=8),
    head=dict(type='HeatmapHead', in_channels=64, out_channels=68, deconv_out_channels=(16, 16, 16),
              deconv_kernel_sizes=(4, 4, 4), loss=dict(type='KeypointMSELoss'), decoder=codec))
pipeline = [
    dict(type='LoadImage'), dict(type='GetBBoxCenterScale'), dict(type='TopdownAffine', input_size=(64, 64)),
    dict(type='GenerateTarget', encoder=codec), dict(type='PackPoseInputs')]
train_dataloader = dict(
    batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='Face300WDataset', data_root='{folder}', ann_file='landmarks.json', data_prefix=dict(img='faces/'),
                 pipeline=pipeline))
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3))
train_cfg = dict(by_epoch=True, max_epochs=1)
val_cfg = test_cfg = None
val_dataloader = test_dataloader = val_evaluator = test_evaluator = None
"""


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Eight noisy images in two sub-folders, with 68 made-up landmarks each, and a config a task."""
    place = tmp_path_factory.mktemp('tools')
    random = np.random.RandomState(0)
    images, annotations = [], []
    for i in range(8):
        name = f'{"ab"[i % 2]}/{i // 2}.png'  # equal names in both folders
        (place / 'faces' / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(place / 'faces' / name), random.randint(0, 256, (48, 48, 3)).astype(np.uint8))
        images.append(dict(id=i, file_name=name, height=48, width=48))
        points = np.concatenate([random.uniform(4, 44, (68, 2)), np.full((68, 1), 2)], 1)
        annotations.append(
            dict(
                id=i,
                image_id=i,
                category_id=1,
                keypoints=points.ravel().tolist(),
                num_keypoints=68,
                bbox=[2, 2, 44, 44],
                area=1936,
                iscrowd=0,
                center=[24, 24],
                scale=0.24,
            )
        )
    coco = dict(images=images, annotations=annotations, categories=[dict(id=1, name='face')])
    (place / 'landmarks.json').write_text(json.dumps(coco))
    for name, text in dict(tiny_pretraining=PRETRAINING, tiny_classes=CLASSIFICATION, tiny_landmarks=LANDMARKS).items():
        (place / f'{name}.py').write_text(text.replace('{repo}', str(REPO)).replace('{folder}', str(place)))
    return place


def start(*command, cwd, **environment):
    """Runs a tool in a process of its own and returns it finished, its two outputs in one text."""
    environment = dict(os.environ, OMP_NUM_THREADS='1', PYTHON=sys.executable, CUDA_VISIBLE_DEVICES='', **environment)
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
    )


def load_tool(name):
    spec = importlib.util.spec_from_file_location(f'tool_{name}', REPO / 'tools' / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Calls a tool in this process: (exit code, what it wrote to stderr). For mistakes that end it before it trains."""

    def run(name, *args):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, 'argv', [f'{name}.py', *map(str, args)])
        with pytest.raises(SystemExit) as stopped:
            load_tool(name).main()
        return stopped.value.code, capsys.readouterr().err

    return run


# ---------------------------------------------------------------- mistakes


def single_error(outcome):
    code, text = outcome
    lines = [line for line in text.splitlines() if not line.startswith(('/', '  '))]  # warnings of other packages
    assert code == 1 and len(lines) == 1 and lines[0].startswith('error: '), text
    return lines[0]


def test_missing_config_names_the_closest_one(call):
    MMLogger._instance_dict.clear()  # a run before has a log file, which errors name
    assert 'did you mean fra_r50_8xb64.py?' in single_error(call('train', 'fra_r50_8xb46.py'))
    assert single_error(call('train', 'nowhere/zzz.py')) == 'error: no config nowhere/zzz.py'


def test_config_that_is_no_python_is_named(call, tmp_path):
    (tmp_path / 'broken.py').write_text('model = dict(\n')
    assert 'broken.py' in single_error(call('train', tmp_path / 'broken.py'))
    (tmp_path / 'orphan.py').write_text("_base_ = 'gone.py'\n")
    assert 'gone.py' in single_error(call('train', tmp_path / 'orphan.py'))


def test_missing_data_folder_is_named(call, folder):
    text = single_error(
        call(
            'train',
            folder / 'tiny_pretraining.py',
            '--cfg-options',
            'train_dataloader.dataset.data_root=/no/such/place',
        )
    )
    assert '/no/such/place/faces' in text


def test_missing_landmark_file_is_named(call, folder):
    pytest.importorskip('mmpose')
    text = single_error(
        call('train', folder / 'tiny_landmarks.py', '--cfg-options', 'train_dataloader.dataset.ann_file=gone.json')
    )
    assert 'gone.json' in text


def test_assertions_of_our_own_are_no_mistake_of_the_user():
    with pytest.raises(AssertionError), errors_in_one_line():
        assert 1 == 2


def test_missing_package_is_told_with_what_to_install(capsys):
    with pytest.raises(SystemExit), errors_in_one_line():
        raise ModuleNotFoundError("No module named 'sklearn'", name='sklearn')
    assert "No module named 'sklearn': pip install scikit-learn" in capsys.readouterr().err


def test_unknown_type_and_argument_are_named(call, folder):
    assert 'FRB' in single_error(call('train', folder / 'tiny_pretraining.py', '--cfg-options', 'model.type=FRB'))
    assert 'regions' in single_error(
        call('train', folder / 'tiny_pretraining.py', '--cfg-options', 'model.neck.heatmap_head.regions=3')
    )


@pytest.mark.parametrize('option', ['--resume', '--cfg-options'])
def test_missing_checkpoint_to_start_from_is_named(call, folder, option):
    value = 'gone.pth' if option == '--resume' else 'load_from=gone.pth'
    assert 'no checkpoint gone.pth' in single_error(call('train', folder / 'tiny_pretraining.py', option, value))


def test_checkpoint_that_would_run_code_is_refused(call, folder, tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / 'ran'),)

    torch.save(dict(state_dict={}, evil=Evil()), tmp_path / 'evil.pth')
    assert 'evil.pth is refused' in single_error(call('test', folder / 'tiny_classes.py', tmp_path / 'evil.pth'))
    assert 'evil.pth is refused' in single_error(
        call('train', folder / 'tiny_classes.py', '--resume', tmp_path / 'evil.pth')
    )
    assert not (tmp_path / 'ran').exists()


def test_options_that_the_config_cannot_serve_are_refused(call, folder, tmp_path):
    (tmp_path / 'weights.pth').write_bytes(b'')
    assert 'auto_scale_lr.base_batch_size' in single_error(call('train', folder / 'tiny_classes.py', '--auto-scale-lr'))
    assert 'test_dataloader' in single_error(call('test', folder / 'tiny_pretraining.py', tmp_path / 'weights.pth'))
    assert 'no checkpoint gone.pth' in single_error(call('test', folder / 'tiny_classes.py', 'gone.pth'))
    (tmp_path / 'empty.py').write_text("custom_imports = dict(imports=['fra_plugin'])\n")
    assert 'train_dataloader' in single_error(call('train', tmp_path / 'empty.py'))
    (tmp_path / 'bare.py').write_text(
        f"_base_ = '{folder}/tiny_classes.py'\ndefault_hooks = dict(visualization=None, _delete_=True)\n"
    )
    assert 'visualization' in single_error(
        call(
            'test',
            tmp_path / 'bare.py',
            tmp_path / 'weights.pth',
            '--show-dir',
            'drawn',
            '--cfg-options',
            'default_hooks={}',
        )
    )


def test_options_and_configs_that_cannot_be_read_are_one_line(call, folder, tmp_path):
    (tmp_path / 'weights.pth').write_bytes(b'')
    for tool, args in (('train', []), ('test', [tmp_path / 'weights.pth'])):
        text = single_error(call(tool, folder / 'tiny_classes.py', *args, '--cfg-options', 'model.x=[1,2'))
        assert '--cfg-options model.x=[1,2: its brackets do not match' in text
    (tmp_path / 'wrong.py').write_text('depth = 1 / 0\n')
    assert 'wrong.py: ZeroDivisionError: division by zero' in single_error(call('train', tmp_path / 'wrong.py'))
    (tmp_path / 'face.jpg').write_bytes(b'')
    assert 'face.jpg: Only py/yml/yaml/json' in single_error(call('train', tmp_path / 'face.jpg'))


def test_malformed_options_are_argument_errors(call, folder):
    code, text = call('train', folder / 'tiny_classes.py', '--cfg-options', 'novalue')
    assert code == 2 and 'novalue: expected key=value' in text
    code, text = call('test', folder / 'tiny_classes.py', 'x.pth', '--out', 'numbers.txt')
    assert code == 2 and '.json' in text
    code, text = call('test', folder / 'tiny_classes.py', 'x.pth', '--interval', 0)
    assert code == 2 and '--interval must be at least 1, got 0' in text
    code, text = call('test', folder / 'tiny_classes.py', 'x.pth', '--dump', 'all.json')
    assert code == 2 and '.pkl' in text


def test_traceback_is_shown_on_request_and_kept_in_the_log(call, folder, tmp_path, monkeypatch):
    text = single_error(call('train', folder / 'tiny_classes.py', '--cfg-options', 'optim_wrapper.optimizer.lr=-1'))
    log = re.search(r'\(where: (.+)\)', text).group(1)
    assert 'Traceback' in Path(log).read_text()
    monkeypatch.setenv('FRA_DEBUG', '1')
    monkeypatch.setattr(sys, 'argv', ['train.py', 'zzz.py'])
    with pytest.raises(FileNotFoundError, match='no config zzz.py'):
        load_tool('train').main()


# ---------------------------------------------------------------- runs


@pytest.fixture(scope='module')
def classifier(folder):
    """A classifier trained by tools/train.py, called with a relative path from a folder of its own."""
    place = folder / 'elsewhere'  # not among the faces, where work_dirs would be a class
    place.mkdir()
    done = start(sys.executable, REPO / 'tools' / 'train.py', '../tiny_classes.py', '--amp', cwd=place)
    assert done.returncode == 0, done.stdout[-3000:]
    return place / 'work_dirs' / 'tiny_classes', done.stdout


def test_work_dir_defaults_to_the_name_of_the_config(classifier):
    work_dir, _ = classifier
    assert (work_dir / 'epoch_1.pth').is_file()
    assert (work_dir / 'tiny_classes.py').is_file()


def test_mixed_precision_is_left_out_without_a_gpu_and_the_log_says_so(classifier):
    work_dir, text = classifier
    assert 'mixed precision (AmpOptimWrapper) is off' in text
    assert Config.fromfile(work_dir / 'tiny_classes.py').optim_wrapper.type == 'OptimWrapper'


def test_loaders_stay_as_the_config_names_them(folder):
    written = Config.fromfile(folder / 'tiny_landmarks.py')
    merged = Config.fromfile(folder / 'tiny_landmarks.py')
    load_tool('train').merge_args(merged, load_args('train', folder / 'tiny_landmarks.py'))
    assert merged.train_dataloader == written.train_dataloader


def load_args(name, *args):
    argv, sys.argv = sys.argv, [f'{name}.py', *map(str, args)]
    try:
        return load_tool(name).parse_args()
    finally:
        sys.argv = argv


def test_options_reach_the_config(folder):
    cfg = Config.fromfile(REPO / 'configs' / 'fra' / 'fra_r50_8xb64.py')
    load_tool('train').merge_args(cfg, load_args('train', 'x', '--amp', '--auto-scale-lr', '--resume', '--no-validate'))
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper' and cfg.auto_scale_lr.enable and cfg.resume
    assert cfg.load_from is None and cfg.val_dataloader is None


@pytest.mark.parametrize('restarts', ['0', '2'])
@pytest.mark.parametrize('file', ['nothing', 'epoch_1.pth', 'iter_9.pth', 'last_checkpoint', 'backbone.pth'])
def test_a_resume_begins_with_load_from_where_nothing_was_saved(tmp_path, monkeypatch, file, restarts):
    """With restarts, torchrun's workers resume unasked. Checkpoints may lie elsewhere, beside last_checkpoint."""
    monkeypatch.setenv('TORCHELASTIC_MAX_RESTARTS', restarts)
    saved = file not in ('nothing', 'backbone.pth')
    for path in [tmp_path / 'start.pth', tmp_path / 'run' / file]:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    cfg = Config(dict(train_dataloader={}, train_cfg={}, load_from=str(tmp_path / 'start.pth'), resume=False))
    cfg.work_dir = str(tmp_path / 'run')
    load_tool('train').merge_args(cfg, load_args('train', 'x', *(['--resume'] if restarts == '0' else [])))
    assert (cfg.resume, cfg.load_from) == ((True, None) if saved else (False, str(tmp_path / 'start.pth')))


@pytest.mark.parametrize('given', [(), ('--cfg-options', 'resume=True')])
@pytest.mark.parametrize('file', ['nothing', 'epoch_1.pth'])
def test_a_recipe_that_resumes_by_itself_begins_with_load_from(tmp_path, file, given):
    """Unless resume is asked for with it: mmengine then goes on from load_from."""
    for path in [tmp_path / 'start.pth', tmp_path / 'run' / file]:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    start = str(tmp_path / 'start.pth')
    cfg = Config(dict(train_dataloader={}, train_cfg={}, load_from=start, resume=True, work_dir=str(tmp_path / 'run')))
    load_tool('train').merge_args(cfg, load_args('train', 'x', *given))
    saved = file == 'epoch_1.pth'
    assert (cfg.resume, cfg.load_from) == ((True, start) if given else (True, None) if saved else (False, start))


def test_the_work_directory_may_lie_in_the_home_folder(monkeypatch, tmp_path, folder):
    monkeypatch.setenv('HOME', str(tmp_path))
    args = load_args('train', folder / 'tiny_classes.py', '--work-dir', '~/runs')
    assert read_config(args).work_dir == str(tmp_path / 'runs')


def test_a_checkpoint_to_resume_from_is_refused_where_the_run_may_be_restarted(monkeypatch, tmp_path):
    monkeypatch.setenv('TORCHELASTIC_MAX_RESTARTS', '1')
    cfg = Config(dict(train_dataloader={}, train_cfg={}, work_dir=str(tmp_path)))
    with pytest.raises(ValueError, match='--resume a.pth: a run that may be restarted .*would go back to this'):
        load_tool('train').merge_args(cfg, load_args('train', 'x', '--resume', 'a.pth'))


def test_a_wrong_number_of_restarts_is_refused_in_one_line():
    command = ['bash', str(REPO / 'tools/dist_train.sh'), 'x.py', '1']
    done = subprocess.run(command, env=dict(os.environ, MAX_RESTARTS='-1'), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, 'error: MAX_RESTARTS is a whole number, got -1\n')


@pytest.fixture(scope='module')
def tested(folder, classifier):
    """The folder in which tools/test.py wrote what it can write."""
    place = folder / 'tested'
    place.mkdir()
    done = start(
        sys.executable,
        REPO / 'tools' / 'test.py',
        folder / 'tiny_classes.py',
        classifier[0] / 'epoch_1.pth',
        '--out',
        'numbers/metrics.json',
        '--dump',
        'all.pkl',
        '--show-dir',
        'drawn',
        '--work-dir',
        'here',
        cwd=place,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return place


def test_test_writes_metrics_predictions_and_pictures(tested):
    metrics = json.loads((tested / 'numbers' / 'metrics.json').read_text())
    predictions = pickle.loads((tested / 'all.pkl').read_bytes())
    right = np.mean([int(sample['pred_label']) == int(sample['gt_label']) for sample in predictions])
    assert len(predictions) == 8 and metrics['accuracy/top1'] == pytest.approx(100 * right)
    drawn = sorted(str(path.relative_to(tested / 'drawn')) for path in (tested / 'drawn').rglob('*.*'))
    assert len(drawn) == 8 and drawn[0] == 'a/0.png_0.png' and drawn[-1] == 'b/3.png_7.png'
    assert not list(tested.rglob('.*.partial-*'))


def test_weights_of_another_model_are_refused(folder, call, tmp_path):
    torch.save(dict(state_dict={'backbone.conv1.weight': torch.zeros(8, 3, 7, 7)}), tmp_path / 'other.pth')
    text = single_error(call('test', folder / 'tiny_classes.py', tmp_path / 'other.pth'))
    assert 'other.pth lacks' in text and 'backbone.bn1.weight' in text


def test_the_same_tool_trains_landmarks(folder, tmp_path):
    pytest.importorskip('mmcv.ops', reason='landmarks need mmcv with ops')
    done = start(sys.executable, REPO / 'tools' / 'train.py', folder / 'tiny_landmarks.py', cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-3000:]
    assert (tmp_path / 'work_dirs' / 'tiny_landmarks' / 'epoch_1.pth').is_file()


def test_mmpretrains_own_tool_which_mim_calls_trains_the_config(folder, tmp_path):
    import mmpretrain

    tool = Path(mmpretrain.__file__).parent / '.mim' / 'tools' / 'train.py'
    done = start(
        sys.executable,
        tool,
        folder / 'tiny_pretraining.py',
        '--cfg-options',
        'train_cfg.max_epochs=1',
        cwd=tmp_path,
        PYTHONPATH=str(REPO),
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert (tmp_path / 'work_dirs' / 'tiny_pretraining' / 'epoch_1.pth').is_file()


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return str(probe.getsockname()[1])


def test_two_processes_train(folder, tmp_path):
    """dist_train.sh over gloo, with the norm layers of the config, and the weights move."""
    done = start(
        REPO / 'tools' / 'dist_train.sh',
        folder / 'tiny_pretraining.py',
        2,
        '--cfg-options',
        'train_dataloader.batch_size=2',
        cwd=tmp_path,
        PORT=free_port(),
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert 'processes talk through gloo' in done.stdout
    work_dir = tmp_path / 'work_dirs' / 'tiny_pretraining'
    first, second = (safe_load(work_dir / f'epoch_{i}.pth') for i in (1, 2))
    assert second['meta']['iter'] == 4  # 8 faces, 2 x 2 a step, 2 epochs
    assert all(torch.isfinite(value).all() for value in second['state_dict'].values())
    assert not torch.equal(first['state_dict']['backbone.conv1.weight'], second['state_dict']['backbone.conv1.weight'])


def test_two_processes_test_to_the_same_number(folder, classifier, tested, tmp_path):
    done = start(
        REPO / 'tools' / 'dist_test.sh',
        folder / 'tiny_classes.py',
        classifier[0] / 'epoch_1.pth',
        2,
        '--out',
        'm.json',
        cwd=tmp_path,
        PORT=free_port(),
    )
    assert done.returncode == 0, done.stdout[-3000:]
    together, alone = (
        json.loads(path.read_text()) for path in (tmp_path / 'm.json', tested / 'numbers' / 'metrics.json')
    )
    assert together['accuracy/top1'] == alone['accuracy/top1']


def test_scripts_say_how_they_are_called():
    for name in ('dist_train.sh', 'dist_test.sh', 'slurm_train.sh', 'slurm_test.sh'):
        done = start(REPO / 'tools' / name, cwd='/')
        assert done.returncode == 2 and done.stdout.startswith('usage: '), done.stdout


@pytest.mark.parametrize(
    'kind, fourth, tool',
    [
        ('train', 'work dir', 'train.py my config.py --work-dir work dir'),
        ('test', 'a b.pth', 'test.py my config.py a b.pth'),
    ],
)
def test_slurm_scripts_ask_for_the_right_resources(tmp_path, kind, fourth, tool):
    (tmp_path / 'srun').write_text('#!/bin/sh\necho "PORT $MASTER_PORT"\nprintf "%s|" "$@"\n')
    (tmp_path / 'srun').chmod(0o755)
    done = start(
        REPO / 'tools' / f'slurm_{kind}.sh',
        'gpu',
        'job',
        'my config.py',
        fourth,
        '--cfg-options',
        'a=b c',
        cwd=tmp_path,
        PATH=f'{tmp_path}:{os.environ["PATH"]}',
        GPUS='16',
        SRUN_ARGS='--mem=1G --quiet',
    )
    assert done.returncode == 0, done.stdout
    port, _, given = done.stdout.partition('\n')
    assert 1024 < int(port.split()[1]) < 65536
    args = given.split('|')
    for wanted in (
        '--ntasks=16',
        '--ntasks-per-node=8',
        '--gres=gpu:8',
        '--job-name=job',
        '--mem=1G',
        '--quiet',
        'a=b c',
    ):
        assert wanted in args
    assert f'{REPO}/tools/{tool}' in ' '.join(args)
    assert '--launcher slurm' in ' '.join(args)


def test_more_processes_than_gpus_is_said(monkeypatch):
    from fra_plugin.engine.runners.fit_to_machine import fit_to_machine

    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 1)
    monkeypatch.setenv('LOCAL_RANK', '1')
    with pytest.raises(ValueError, match='finds 1 GPUs only'):
        fit_to_machine(Config(dict(launcher='pytorch')))


def test_launcher_without_an_address_is_said(monkeypatch):
    from fra_plugin.engine.runners.fit_to_machine import fit_to_machine

    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    for name in ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match='MASTER_ADDR'):
        fit_to_machine(Config(dict(launcher='pytorch')))
