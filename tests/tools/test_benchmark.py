"""The benchmark: real runs on tiny data give the table; it goes on where it stopped, and says what it left out."""

import copy
import csv
import json
import runpy
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import face_layouts
import pytest
from made_checkpoints import NARROW, fra, save
from mmengine.config import Config

from fra_plugin.configs import find_config

REPO = Path(__file__).resolve().parents[2]
TOOL = str(REPO / 'tools' / 'benchmark.py')

TINY = """
_base_ = '{repo}/configs/transfer/classification/resnet50_8xb32-ft-fra_rafdb.py'
model = dict(
    backbone=dict(depth=18, stem_channels=8, base_channels=8, strides=(1, 2, 2, 1)), head=dict(in_channels=64))
pipeline = [dict(type='LoadFace'), dict(type='Resize', scale=(32, 32)), dict(type='PackInputs')]
loader = dict(batch_size=8, num_workers=0, persistent_workers=False)
train_dataloader = dict(dataset=dict(pipeline=pipeline), **loader)
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=pipeline), **loader)
train_cfg = dict(max_epochs=1, val_interval=1)
"""


@pytest.fixture(scope='module')
def case(tmp_path_factory):
    """Weights, RAF-DB under data/rafdb, and a task for them."""
    folder = tmp_path_factory.mktemp('case')
    save(fra(NARROW, 64), folder / 'fra.pth', NARROW, 64)
    (folder / 'data' / 'rafdb').mkdir(parents=True)
    face_layouts.rafdb(folder / 'data' / 'rafdb')
    (folder / 'tiny.py').write_text(TINY.format(repo=REPO))
    return folder


@pytest.fixture
def run(case, run_tool):
    """Runs the command in this process; ``step`` takes the place of its trainings and tests."""

    def run(*args, step=None, checkpoint=case / 'fra.pth'):
        put = dict(subprocess=SimpleNamespace(run=step, STDOUT=subprocess.STDOUT)) if step else {}
        return run_tool('benchmark.py', checkpoint, '--data-root', case / 'data', *args, MIN_LENGTH=16, **put)

    return run


class Steps:
    """Pretends to train and test, and remembers what was called for."""

    def __init__(self, fail=None):
        self.calls = []
        self.fail = fail

    def __call__(self, command, stdout, stderr):
        self.calls.append(command)
        if self.fail and self.fail(command):
            stdout.write('error: it broke\n')
            return SimpleNamespace(returncode=1)
        if command[1].endswith('train.py'):
            Path(command[4]).mkdir(exist_ok=True)
            Path(command[4], 'last_checkpoint').write_text(f'{command[4]}/epoch_1.pth')
        else:
            seed = Config.fromfile(command[2]).get('randomness', {}).get('seed') or 0
            Path(command[command.index('--out') + 1]).write_text(
                json.dumps({'accuracy/top1': 50.0 + 2 * seed, 'other': 1.0})
            )
        return SimpleNamespace(returncode=0)


def table(folder):
    with open(folder / 'benchmark.csv', newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def test_real_runs_give_the_table_and_are_not_repeated(case, run, tmp_path):
    args = ('--tasks', case / 'tiny.py', '--budget', '50,100', '--work-dir', tmp_path)
    code, out, errors = run(*args)
    assert code == 0, (errors, out)
    rows = {(row['labels'], row['metric']): row for row in table(tmp_path)}
    assert set(rows) == {
        (labels, metric) for labels in ('50 %', '100 %') for metric in ('accuracy/top1', 'class_accuracy/mean')
    }
    for labels in ('50', '100'):
        metrics = json.loads((tmp_path / 'tiny' / f'labels{labels}_seed0' / 'metrics.json').read_text())
        assert float(rows[f'{labels} %', 'accuracy/top1']['mean']) == pytest.approx(metrics['accuracy/top1'])
    log = (tmp_path / 'tiny' / 'labels50_seed0' / 'benchmark.log').read_text()
    assert 'LabelBudget: 7 of 14 faces' in log and 'each 3 times' in log and "prefix 'backbone.'" in log
    page = (tmp_path / 'benchmark.html').read_text()
    assert 'tools/train.py' in page and 'tools/test.py' in page and 'epoch_1.pth' in page

    steps = Steps()
    code, out, _ = run(*args, step=steps)
    assert code == 0 and not steps.calls and out.count('done before') == 2


def test_seeds_are_averaged_and_draw_labels_and_weights(case, run, tmp_path):
    steps = Steps()
    code, _, _ = run('--tasks', case / 'tiny.py', '--budget', '10', '--seeds', 3, '--work-dir', tmp_path, step=steps)
    assert code == 0
    (row,) = table(tmp_path)
    assert (float(row['mean']), float(row['std']), row['runs']) == (52, 2, '3')
    for seed in range(3):
        cfg = Config.fromfile(tmp_path / 'tiny' / f'labels10_seed{seed}' / 'config.py')
        dataset = cfg.train_dataloader.dataset
        assert (dataset.type, dataset.share, dataset.seed, cfg.randomness.seed) == ('LabelBudget', 0.1, seed, seed)
        assert cfg.model.backbone.init_cfg.checkpoint == str(case / 'fra.pth')
        assert dataset.dataset.data_root == str(case / 'data' / 'rafdb')


def test_random_weights_are_a_row_like_any(case, run, tmp_path):
    code, _, _ = run(
        '--tasks', case / 'tiny.py', '--seeds', 2, '--work-dir', tmp_path, step=Steps(), checkpoint='random'
    )
    assert code == 0 and table(tmp_path)[0]['runs'] == '2'
    for seed in range(2):
        cfg = Config.fromfile(tmp_path / 'tiny' / f'labels100_seed{seed}' / 'config.py')
        assert cfg.model.backbone.init_cfg is None and cfg.randomness.seed == seed
    assert 'Random weights.' in (tmp_path / 'benchmark.md').read_text()
    code, _, errors = run('--tasks', 'lfw', '--work-dir', tmp_path / 'lfw', checkpoint='random')
    assert code == 1 and 'lfw trains nothing and needs a checkpoint' in errors[-1]


def test_it_goes_on_where_it_was_interrupted(case, run, tmp_path):
    args = ('--tasks', case / 'tiny.py', '--seeds', 3, '--work-dir', tmp_path)

    def interrupt(command):
        if 'seed1' in command[2] and command[1].endswith('test.py'):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(*args, step=Steps(interrupt))
    assert [row['runs'] for row in table(tmp_path)] == ['1']
    steps = Steps()
    assert run(*args, step=steps)[0] == 0
    # Seed 1 had been trained: train.py --resume finds that out.
    assert [(Path(call[1]).name, Path(call[2]).parent.name) for call in steps.calls] == [
        ('train.py', 'labels100_seed1'),
        ('test.py', 'labels100_seed1'),
        ('train.py', 'labels100_seed2'),
        ('test.py', 'labels100_seed2'),
    ]
    assert all('--resume' in call for call in steps.calls[::2])
    assert [row['runs'] for row in table(tmp_path)] == ['3']


def test_a_task_without_data_is_skipped_with_the_reason(case, run, tmp_path):
    steps = Steps()
    code, out, _ = run('--tasks', f'celeba,wflw,{case / "tiny.py"}', '--work-dir', tmp_path, step=steps)
    assert code == 0 and len(steps.calls) == 2
    rows = table(tmp_path)
    assert [row['task'] for row in rows] == ['celeba', 'wflw', 'tiny']
    assert rows[0]['note'] == f'skipped, no data in {case}/data/celeba' and rows[0]['runs'] == '0'
    assert f'skipped, no data in {case}/data/wflw' in rows[1]['note'] and rows[2]['mean'] == '50.0'


def test_without_any_data_nothing_was_measured(run, tmp_path):
    code, _, errors = run('--tasks', 'celeba,wflw', '--work-dir', tmp_path, step=Steps())
    assert code == 1 and 'nothing was measured' in errors[-1] and 'skipped, no data in ' in errors[-1]
    assert len(table(tmp_path)) == 2


def test_a_run_that_fails_is_named_and_the_others_go_on(case, run, tmp_path):
    args = ('--tasks', case / 'tiny.py', '--seeds', 2, '--work-dir', tmp_path)
    code, _, errors = run(*args, step=Steps(lambda command: 'seed0' in command[2]))
    assert code == 1 and '1 of 2 runs failed' in errors[-1]
    (row,) = table(tmp_path)
    assert row['runs'] == '1' and 'failed (error: it broke; log: ' in row['note']

    def killed(command, stdout, stderr):
        stdout.write('Killed\n')
        return SimpleNamespace(returncode=137)

    assert run(*args, step=killed)[0] == 1
    assert 'failed (Killed; log: ' in table(tmp_path)[0]['note']  # not the error of the first attempt
    assert run(*args, step=Steps())[0] == 0
    assert table(tmp_path)[0]['runs'] == '2' and not table(tmp_path)[0]['note']


def test_a_model_without_a_backbone_is_refused(case, run, tmp_path):
    (tmp_path / 'timm.py').write_text(
        (case / 'tiny.py').read_text() + "model = dict(_delete_=True, type='TimmClassifier')\n"
    )
    code, _, errors = run('--tasks', tmp_path / 'timm.py', '--work-dir', tmp_path / 'out')
    assert code == 1 and 'timm.py: its model has no backbone' in errors[-1]


def test_a_file_in_the_place_of_the_work_dir_is_refused(case, run):
    code, out, errors = run('--tasks', case / 'tiny.py', '--work-dir', case / 'tiny.py')
    assert code == 1 and errors[-1].endswith('tiny.py is a file, expected a folder') and not out


def test_numbers_of_other_options_are_not_taken_over(case, run, tmp_path):
    args = ('--tasks', case / 'tiny.py', '--work-dir', tmp_path)
    assert run(*args, step=Steps())[0] == 0
    code, _, errors = run(*args, '--cfg-options', 'train_cfg.max_epochs=2', step=Steps())
    assert code == 1 and 'other weights, options or data (config changed): choose another --work-dir' in errors[-1]


def test_weights_and_runs_that_moved_are_taken_over_and_other_labels_are_not(case, run, tmp_path):
    args = ('--tasks', case / 'tiny.py', '--work-dir', tmp_path / 'out')
    (tmp_path / "it's moved").mkdir()
    moved = str(shutil.copy(case / 'fra.pth', tmp_path / "it's moved" / 'other name.pth'))
    assert run(*args, step=Steps(lambda command: command[1].endswith('test.py')))[0] == 1  # trained, not tested
    steps = Steps()
    outcome = run(*args, step=steps, checkpoint=moved)
    assert outcome[0] == 0, outcome
    config = Config.fromfile(tmp_path / 'out' / 'tiny' / 'labels100_seed0' / 'config.py')
    assert config.model.backbone.init_cfg.checkpoint == moved and len(steps.calls) == 2
    steps = Steps()
    code, out, _ = run(*args, step=steps)
    assert code == 0 and 'done before' in out and not steps.calls

    labels = next((case / 'data' / 'rafdb').rglob('*.txt'))
    before = labels.read_bytes()
    labels.write_bytes(before.replace(b' 1', b' 2', 1))
    code, _, errors = run(*args, step=steps)
    labels.write_bytes(before)
    assert code == 1 and '(labels changed; data changed)' in errors[-1]

    image = next((case / 'data' / 'rafdb').rglob('train_*.jpg'))
    image.rename(image.with_suffix('.png'))  # as if put into the folder of another class
    code, _, errors = run(*args, step=steps)
    image.with_suffix('.png').rename(image)
    assert code == 1 and '(data changed)' in errors[-1]
    assert run(*args, step=steps)[0] == 0 and not steps.calls


def test_a_copied_run_is_tested_with_its_own_checkpoint(case, run, tmp_path):
    args = ('--tasks', case / 'tiny.py')
    assert (
        run(*args, '--work-dir', tmp_path / 'one', step=Steps(lambda command: command[1].endswith('test.py')))[0] == 1
    )
    own = tmp_path / 'one' / 'tiny' / 'labels100_seed0' / 'train' / 'epoch_1.pth'
    own.write_text('weights')
    shutil.copytree(tmp_path / 'one', tmp_path / 'two')
    steps = Steps()

    def step(command, **kwargs):
        # The training has nothing left to do.
        return SimpleNamespace(returncode=0) if command[1].endswith('train.py') else steps(command, **kwargs)

    assert run(*args, '--work-dir', tmp_path / 'two', step=step)[0] == 0
    assert steps.calls[-1][3] == str(own).replace('/one/', '/two/')


def test_two_tasks_of_one_name_are_refused(case, run, tmp_path):
    other = tmp_path / 'tiny.py'
    other.write_text((case / 'tiny.py').read_text() + 'param_scheduler = []\n')
    code, _, errors = run('--tasks', f'{case / "tiny.py"},{other}', '--work-dir', tmp_path / 'out', step=Steps())
    assert code == 1 and 'two tasks are called tiny' in errors[-1]


def test_verification_is_one_test_without_training(case, run, tmp_path):
    (case / 'data' / 'lfw').mkdir(exist_ok=True)
    steps = Steps()
    code, out, errors = run('--tasks', 'lfw', '--budget', '1,100', '--seeds', 3, '--work-dir', tmp_path, step=steps)
    assert code == 0, (out, errors)
    (call,) = steps.calls
    assert call[1].endswith('test.py') and call[3] == str(case / 'fra.pth')
    assert table(tmp_path)[0]['labels'] == ''


def test_landmarks_with_few_labels_are_repeated(case, run, tmp_path):
    pytest.importorskip('mmpose')
    (case / 'data' / 'wflw').mkdir(exist_ok=True)
    assert (
        run(
            '--tasks',
            'wflw',
            '--budget',
            '10',
            '--gpus',
            2,
            '--work-dir',
            tmp_path,
            step=Steps(lambda command: command[0] == 'bash'),
        )[0]
        == 1
    )
    dataset = Config.fromfile(tmp_path / 'wflw' / 'labels10_seed0' / 'config.py').train_dataloader.dataset
    assert (dataset.type, dataset.times, dataset.dataset.type, dataset.dataset.share) == (
        'RepeatDataset',
        10,
        'LabelBudget',
        0.1,
    )
    (case / 'data' / 'wflw').rmdir()


@pytest.mark.parametrize(
    'args, code, message',
    [
        (['--tasks', 'mnist'], 1, "no task 'mnist': expected"),
        (['--tasks', 'none.py'], 1, 'no config none.py'),
        (['--tasks', 'rafdb', '--budget', '0,10'], 2, 'expected percentages in (0, 100]'),
        (['--tasks', 'rafdb', '--seeds', '0'], 2, '--seeds must be at least 1'),
        ([], 2, '--tasks'),
        (
            ['--tasks', 'rafdb', '--cfg-options', 'test_cfg=(1,2'],
            1,
            '--cfg-options test_cfg=(1,2: its brackets do not match',
        ),
    ],
)
def test_a_mistake_is_named(case, run, tmp_path, args, code, message):
    got, _, lines = run(*args, '--work-dir', tmp_path / 'out')
    assert got == code and message in lines[-1]
    assert not (tmp_path / 'out').exists()


def test_weights_that_are_not_finite_are_refused_before_the_first_run(case, run, tmp_path):
    model = fra(NARROW, 64)
    model.backbone.conv1.weight.data[0] = float('inf')
    save(model, tmp_path / 'bad.pth', NARROW, 64)
    steps = Steps()
    code, _, errors = run(
        '--tasks', case / 'tiny.py', '--work-dir', tmp_path, step=steps, checkpoint=tmp_path / 'bad.pth'
    )
    assert code == 1 and 'bad.pth holds weights that are not finite' in errors[-1] and not steps.calls


def test_every_task_gets_its_start_and_its_budget_from_its_one_config(case):
    pytest.importorskip('mmpose')
    tool = runpy.run_path(TOOL)
    for name in tool['TASKS'].values():
        cfg = Config.fromfile(find_config(name))
        for checkpoint in (str(case / 'fra.pth'), 'random') if cfg.get('train_dataloader') else ():
            done = copy.deepcopy(cfg)
            args = SimpleNamespace(checkpoint=checkpoint, data_root='elsewhere', cfg_options={})
            tool['complete'](done, args, budget=10.0, seed=2)
            init_cfg, few = done.model.backbone.init_cfg, done.train_dataloader.dataset
            assert init_cfg is None if checkpoint == 'random' else init_cfg.checkpoint == checkpoint
            repeated, few = (True, few.dataset) if few.type == 'RepeatDataset' else (few.min_length >= 2560, few)
            assert repeated and (few.type, few.share, few.seed) == ('LabelBudget', 0.1, 2)
            assert few.dataset.data_root.startswith('elsewhere') and few.dataset.type != 'LabelBudget'


def test_all_data_sets_of_a_config_and_the_tables_of_its_metrics_move():
    move = runpy.run_path(TOOL)['move_data']
    cfg = Config.fromfile(find_config('resnet18_1xb32-ft-fra_utkface-gender'))
    cfg.train_dataloader.dataset = dict(
        type='ConcatDataset', datasets=[cfg.train_dataloader.dataset, dict(data_root='/a')]
    )
    move(cfg, '/mnt')
    moved, kept = cfg.train_dataloader.dataset.datasets
    assert (moved.data_root, kept.data_root) == ('/mnt/utkface112', '/a')
    assert [metric.data_root for metric in cfg.test_evaluator if 'data_root' in metric] == ['/mnt/utkface112']
