"""ReliableTrainLoop and its hooks in one process, with a model of three numbers."""

import os
import signal
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.visualization import LocalVisBackend
from torch import nn

from fra_plugin.checkpoints.safe_loading.safe_load import safe_load
from fra_plugin.checkpoints.whole_checkpoint import newest_whole_checkpoint
from fra_plugin.engine import NonFiniteHook, ReliableCheckpointHook, StopSignalHook
from fra_plugin.engine.hooks import reliable_checkpoint_hook
from fra_plugin.engine.runners.preconditions import refuse_no_step


class Numbers(BaseModel):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 1)

    def forward(self, inputs, mode='loss'):
        return dict(loss=(self.linear(torch.stack(inputs)) + torch.rand(1)).square().mean())


class Each:
    """Calls a function after every iteration."""

    def __init__(self, function):
        class EachHook(Hook):
            priority = 'NORMAL'

            def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
                function(runner, float(outputs['loss']))

        self.hook = EachHook()


class Data(list):
    """Mapped by its pipeline, as a data set of mmengine."""

    pipeline = staticmethod(lambda sample: sample)

    def __getitem__(self, index):
        return self.pipeline(super().__getitem__(index))


def build(
    work_dir, name, hooks=(), checkpoint=None, loop=None, batch_size=2, accumulate=1, resume=False, seed=0, cfg=None,
    **loader
):  # yapf: disable
    data = Data(dict(inputs=torch.tensor([float(i), 1.0])) for i in range(12))
    return Runner(
        Numbers(),
        str(work_dir),
        experiment_name=f'{os.path.basename(work_dir)}_{name}',
        train_dataloader=dict(
            dict(dataset=data, batch_size=batch_size, sampler=dict(type='DefaultSampler', shuffle=True)), **loader
        ),
        train_cfg=dict(dict(type='ReliableTrainLoop', max_epochs=2), **(loop or {})),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01), accumulative_counts=accumulate),
        default_hooks=dict(checkpoint=dict(type='ReliableCheckpointHook', **(checkpoint or {}))),
        custom_hooks=list(hooks),
        randomness=dict(seed=seed),
        resume=resume,
        default_scope='mmengine',
        cfg=cfg,
    )


def files(work_dir):
    return sorted(path.name for path in work_dir.glob('*.pth'))


def losses(work_dir, name, **kwargs):
    seen = {}
    build(work_dir, name, [Each(lambda runner, loss: seen.__setitem__(runner.iter, loss)).hook], **kwargs).train()
    return seen


def test_a_seed_that_nobody_chose_is_taken_over_by_the_resumed_run(tmp_path):
    """The order of the data and the numbers that the model draws."""
    whole = losses(tmp_path, 'whole', seed=None, checkpoint=dict(iter_interval=4))
    os.remove(tmp_path / 'last_checkpoint')
    for name in ('epoch_2.pth', 'iter_12.pth'):
        os.remove(tmp_path / name)
    rest = losses(tmp_path, 'rest', seed=None, resume=True)
    assert rest == {step: whole[step] for step in range(8, 12)}


def test_another_batch_size_goes_on_at_about_the_same_place(tmp_path):
    losses(tmp_path, 'whole', checkpoint=dict(iter_interval=3))
    for name in ('epoch_2.pth', 'iter_12.pth', 'last_checkpoint'):
        os.remove(tmp_path / name)
    rest = losses(tmp_path, 'rest', resume=True, batch_size=4)
    assert sorted(rest) == [9, 10]  # half of the second epoch of 3 batches, rounded down to 1, was behind it
    log = next(
        tmp_path / folder / f'{folder}.log'
        for folder in sorted(os.listdir(tmp_path), reverse=True)
        if (tmp_path / folder).is_dir()
    ).read_text()
    assert 'This run has 3 iterations an epoch, the one in the checkpoint had 6' in log


def test_the_last_two_checkpoints_inside_epochs_are_kept(tmp_path):
    build(tmp_path, 'run', checkpoint=dict(iter_interval=2, max_keep_ckpts=1)).train()
    assert files(tmp_path) == ['epoch_2.pth', 'iter_10.pth', 'iter_12.pth']
    assert (tmp_path / 'last_checkpoint').read_text() == str(tmp_path / 'epoch_2.pth')


def test_the_clock_saves(tmp_path, monkeypatch):
    """By a clock of the test's own, on which only the iteration of index 3 takes time."""
    minutes = [0]
    clock = SimpleNamespace(monotonic=lambda: 60 * minutes[0])
    monkeypatch.setattr(reliable_checkpoint_hook, 'time', clock)
    slow = Each(lambda runner, loss: minutes.append(minutes.pop() + (runner.iter == 3))).hook
    build(tmp_path, 'run', [slow], checkpoint=dict(minute_interval=1)).train()
    assert 'iter_4.pth' in files(tmp_path)
    assert 'iter_5.pth' not in files(tmp_path)


def test_a_checkpoint_waits_for_the_end_of_an_accumulation(tmp_path):
    """Epochs of 6 batches, steps of 4: the first epoch ends in the middle of a step."""
    build(tmp_path, 'run', checkpoint=dict(iter_interval=3, max_keep_ckpts=5), accumulate=4).train()
    assert files(tmp_path) == ['epoch_2.pth', 'iter_12.pth', 'iter_8.pth']  # 3 became 4, which is no longer kept


def test_an_accumulation_over_the_end_of_an_epoch_keeps_to_the_interval(tmp_path):
    """Steps of 4 and epochs of 6 batches: epochs 1 and 3 end in the middle of a step."""
    build(tmp_path, 'run', checkpoint=dict(interval=3), loop=dict(max_epochs=4), accumulate=4).train()
    assert files(tmp_path) == ['epoch_4.pth', 'iter_20.pth']


def test_iterations_wait_for_the_end_of_an_accumulation_too(tmp_path):
    build(tmp_path, 'run', checkpoint=dict(by_epoch=False, interval=5), accumulate=4).train()
    assert files(tmp_path) == ['iter_12.pth', 'iter_8.pth']


class Scores(Hook):
    """The score of each epoch, and a disk that has no room for some of the best checkpoints."""

    priority = 'LOWEST'

    def __init__(self, scores, full):
        self.scores, self.full = scores, full

    def after_train_epoch(self, runner):
        save = runner.save_checkpoint

        def try_to_save(out_dir, filename, *args, **kwargs):
            if 'best' in filename and runner.epoch in self.full:
                raise OSError('no space')
            save(out_dir, filename, *args, **kwargs)

        runner.save_checkpoint = try_to_save
        checkpoints = next(hook for hook in runner.hooks if isinstance(hook, ReliableCheckpointHook))
        score = self.scores[runner.epoch]
        checkpoints.after_val_epoch(runner, dict(score=score, other_score=score))
        runner.save_checkpoint = save


@pytest.mark.parametrize('save_best', ['score', 'auto', ['score', 'other_score']])
@pytest.mark.parametrize(
    'scores, full, kept, lost',
    [
        ([1, 2, 3, 0], [], 2, False),
        ([1, 2, 3, 0], [2], 1, True),  # the former best stays, and the run ends with the error
        ([1, 3, 2, 0], [1], 2, True),  # the best that could be saved, which is not the best
        ([1, 2, 3, 0], [1], 2, False),  # a better one was saved
    ],
)
def test_the_best_checkpoint_is_not_lost_without_a_word(tmp_path, save_best, scores, full, kept, lost):
    runner = build(
        tmp_path,
        'run',
        [Scores(scores, full)],
        loop=dict(max_epochs=4),
        checkpoint=dict(save_best=save_best, rule='greater', max_keep_ckpts=1),
    )
    if lost:
        with pytest.raises(OSError, match='no space'):
            runner.train()
    else:
        runner.train()
    names = ['other_score', 'score'] if isinstance(save_best, list) else ['score']
    assert [name for name in files(tmp_path) if 'best' in name] == [f'best_{name}_epoch_{kept}.pth' for name in names]


def test_a_checkpoint_that_cannot_be_pickled_is_told_like_a_full_disk(tmp_path):
    runner = build(tmp_path, 'run')
    runner.message_hub.update_info('odd', lambda: None)
    with pytest.raises(Exception, match='pickle'):
        runner.train()
    assert runner.iter == 12 and not files(tmp_path)


def test_a_visualizer_that_cannot_write_ends_no_training(tmp_path, monkeypatch):
    monkeypatch.setattr(LocalVisBackend, 'add_scalars', lambda *_, **__: (_ for _ in ()).throw(OSError('no space')))
    runner = build(tmp_path, 'run')
    runner.visualizer._vis_backends = dict(local=LocalVisBackend(str(tmp_path / 'vis')))
    runner.train()
    assert 'What goes to LocalVisBackend could not be written: no space' in next(tmp_path.rglob('*.log')).read_text()


def test_iterations_instead_of_epochs(tmp_path):
    build(tmp_path, 'run', checkpoint=dict(by_epoch=False, interval=5, max_keep_ckpts=2)).train()
    assert files(tmp_path) == ['iter_10.pth', 'iter_12.pth']


def test_a_signal_ends_one_process_at_once(tmp_path):
    told = Each(lambda runner, loss: os.kill(os.getpid(), signal.SIGUSR1) if runner.iter == 2 else None).hook
    former = {number: signal.getsignal(number) for number in (signal.SIGUSR1, signal.SIGTERM)}
    try:
        with pytest.raises(SystemExit) as caught:
            build(tmp_path, 'run', [told, StopSignalHook()]).train()
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    assert caught.value.code == 75
    assert safe_load(tmp_path / 'iter_3.pth')['meta']['iter'] == 3


def test_without_a_signal_the_hook_does_nothing(tmp_path):
    assert len(losses(tmp_path, 'run')) == 12
    former = signal.getsignal(signal.SIGTERM)
    build(tmp_path, 'other', [StopSignalHook()]).train()
    assert signal.getsignal(signal.SIGTERM) is former


def test_the_newest_whole_checkpoint(tmp_path):
    patterns = ['epoch_*.pth', 'iter_*.pth']
    assert newest_whole_checkpoint(str(tmp_path), patterns) is None
    iterations = {'other.pth': 99, 'best_loss_epoch_1.pth': 99, 'iter_10.pth': 10, 'epoch_1.pth': 8, 'iter_9.pth': 9}
    for age, (name, iteration) in enumerate(iterations.items()):
        torch.save(dict(meta=dict(iter=iteration)), tmp_path / name)
        os.utime(tmp_path / name, (10**9 + age,) * 2)  # as in a copy of the folder
    chosen = [newest_whole_checkpoint(str(tmp_path), patterns)]
    (tmp_path / 'last_checkpoint').write_text('/where/it/was/before/epoch_1.pth')  # the folder was moved
    chosen.append(newest_whole_checkpoint(str(tmp_path), patterns))
    for name in ('epoch_1.pth', 'iter_10.pth'):
        os.truncate(tmp_path / name, 100)
        chosen.append(newest_whole_checkpoint(str(tmp_path), patterns))
    assert [os.path.basename(path) for path in chosen] == ['iter_10.pth', 'epoch_1.pth', 'iter_10.pth', 'iter_9.pth']
    os.truncate(tmp_path / 'iter_9.pth', 100)
    with pytest.raises(ValueError, match='none of the 3 checkpoints .* is whole'):
        newest_whole_checkpoint(str(tmp_path), patterns)


def test_resume_without_a_whole_checkpoint_does_not_start_anew_over_them(tmp_path):
    (tmp_path / 'epoch_1.pth').write_bytes(b'half of it')
    with pytest.raises(ValueError, match='is whole'):
        build(tmp_path, 'run', resume=True).train()


@pytest.mark.parametrize(
    'hook, arguments, message',
    [
        (ReliableCheckpointHook, dict(iter_interval=0), 'iter_interval must be at least 1'),
        (ReliableCheckpointHook, dict(minute_interval=0.0), 'minute_interval must be above 0'),
        (StopSignalHook, dict(interval=0), 'interval must be at least 1, got 0'),
        (NonFiniteHook, dict(max_in_a_row=0), 'max_in_a_row must be at least 1, got 0'),
    ],
)
def test_arguments_out_of_range(hook, arguments, message):
    with pytest.raises(ValueError, match=message):
        hook(**arguments)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(batch_size=64, drop_last=True), '^12 faces are fewer than batch_size 64, .*drop_last=False$'),
        (dict(dataset=[], sampler=dict(type='DefaultSampler', shuffle=False)), 'the training set is empty'),
        (dict(loop=dict(max_epochs=0)), 'max_epochs must be at least 1, got 0'),
        (dict(cfg=dict(compile=dict(backend='eager'))), 'compile=.*eager.* set compile=False'),
        (dict(sampler=dict(type='InfiniteSampler')), 'InfiniteSampler is for loops that count iterations'),
    ],
)
def test_a_training_that_could_not_take_a_step_is_refused(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(tmp_path, 'run', **arguments).train()
    assert not files(tmp_path)


def test_the_share_of_one_process_is_named(monkeypatch):
    monkeypatch.setattr('fra_plugin.engine.runners.preconditions.get_world_size', lambda: 4)
    loader = SimpleNamespace(dataset=range(12), sampler=range(3), batch_size=4, __len__=None)
    with pytest.raises(ValueError, match='^3 faces in each of 4 processes are fewer than batch_size 4'):
        refuse_no_step(SimpleNamespace(dataloader=type('Loader', (), dict(vars(loader), __len__=lambda self: 0))()))


def test_the_norm_that_clipping_takes_is_logged(tmp_path):
    runner = build(tmp_path, 'clipped', [Each(lambda runner, loss: None).hook], accumulate=2)
    runner.optim_wrapper['clip_grad'] = dict(max_norm=1e-3)
    runner.train()
    logged = runner.message_hub.get_scalar('train/grad_norm').data[0]
    assert len(logged) == 6 and (logged > 1e-3).all()  # one for each step, from before the clipping


def test_an_accumulation_longer_than_the_training_takes_one_step(tmp_path):
    runner = build(tmp_path, 'run', accumulate=100)
    before = runner.model.linear.weight.clone()
    runner.train()
    assert not torch.equal(runner.model.linear.weight, before)


def test_a_training_of_which_every_step_was_left_out_is_an_error(tmp_path):
    with pytest.raises(RuntimeError, match='no step was taken in 12 iterations'):
        build(tmp_path, 'run', dataset=[dict(inputs=torch.full((2,), float('nan')))] * 12, accumulate=5).train()


class Switch(Hook):
    """Changes the data of the second epoch, in the ways of mmpretrain's, mmdet's and mmpose's hooks."""

    def __init__(self, way):
        self.way = way

    def before_train_epoch(self, runner):
        if runner.epoch != 1:
            return
        loader = runner.train_loop.dataloader
        if self.way == 'pipeline':
            assert hasattr(loader.dataset, 'pipeline')
            loader.dataset.pipeline = tenfold
            loader._iterator = None
        else:
            data = Data(loader.dataset.dataset)
            data.pipeline = tenfold
            sampler = dict(type='DefaultSampler', shuffle=True)
            runner.train_loop.dataloader = Runner.build_dataloader(dict(dataset=data, batch_size=2, sampler=sampler))


def tenfold(sample):
    return dict(inputs=10 * sample['inputs'])


@pytest.mark.parametrize('way, workers', [('pipeline', 0), ('pipeline', 1), ('loader', 0)])
def test_hooks_can_change_the_data_and_a_resumed_run_sees_the_same(tmp_path, way, workers):
    seen = {}
    batches = Hook()
    batches.before_train_iter = lambda runner, batch_idx, data_batch: seen.setdefault(runner.iter, data_batch['inputs'])
    options = dict(num_workers=workers, persistent_workers=bool(workers), checkpoint=dict(iter_interval=8))
    build(tmp_path, 'whole', [Switch(way), batches], **options).train()
    assert [int(seen[i][0][1]) for i in range(12)] == [1] * 6 + [10] * 6
    for name in ('epoch_2.pth', 'last_checkpoint'):
        os.remove(tmp_path / name)
    whole, seen = seen, {}
    hook = Switch(way)
    hook.before_train = hook.before_train_epoch  # as those hooks do when a run is resumed
    build(tmp_path, 'rest', [hook, batches], resume=True, **options).train()
    assert sorted(seen) == [8, 9, 10, 11]
    for step, inputs in seen.items():
        torch.testing.assert_close(torch.stack(inputs), torch.stack(whole[step]), rtol=0, atol=0)


def test_other_mistakes_in_the_config(tmp_path):
    with pytest.raises(ValueError, match='worker_restarts must be at least 0'):
        build(tmp_path, 'a', loop=dict(worker_restarts=-1)).train()
    runner = build(tmp_path, 'b', [NonFiniteHook()])
    runner._train_loop = dict(type='EpochBasedTrainLoop', max_epochs=1)
    with pytest.raises(ValueError, match='NonFiniteHook needs train_cfg.type ReliableTrainLoop'):
        runner.train()
