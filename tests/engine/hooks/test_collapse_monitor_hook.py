"""Monitors: the right numbers, at the right time, warnings in words, and no trace in the model."""

import logging
import math
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import Hook
from watched_run import byol, make_runner, scalars, write_faces

from fra_plugin.engine.hooks.collapse_advice import find_complaints, summary
from fra_plugin.engine.hooks.collapse_monitor_hook import CollapseMonitorHook

REGIONS = {
    'regions/use_0',
    'regions/use_1',
    'regions/use_2',
    'regions/use_3',
    'regions/entropy',
    'regions/sharpness',
    'regions/target_agreement',
    'regions/crop_agreement',
    'embedding/region_rank',
    'embedding/region_spread',
}
ALWAYS = {
    'embedding/global_rank',
    'embedding/global_spread',
    'training/grad_norm',
    'training/ema_momentum',
    'speed/images_per_second',
    'speed/data_wait',
}


@pytest.fixture
def faces(tmp_path):
    return write_faces(tmp_path / 'faces')


def reports(runner):
    return [record for record in scalars(runner) if 'speed/data_wait' in record]


def test_all_monitors_of_fra_every_interval_and_in_range(tmp_path, faces):
    runner = make_runner(tmp_path / 'run', faces, [dict(type='CollapseMonitorHook', interval=2)])
    runner.train()
    found = reports(runner)
    assert [record['step'] for record in found] == [2, 4]
    for record in found:
        gpu = {'speed/gpu_memory'} if torch.cuda.is_available() else set()
        assert set(record) - {'step', 'iter'} - gpu == REGIONS | ALWAYS
        assert sum(record[f'regions/use_{k}'] for k in range(4)) == pytest.approx(1, abs=1e-5)
        shares = [name for name in record if name.startswith('regions/') or name.endswith(('spread', 'data_wait'))]
        assert all(-1e-6 <= record[name] <= 1 + 1e-6 for name in shares)
        assert 1 <= record['embedding/global_rank'] <= 8 and record['speed/images_per_second'] > 0


class Keep(Hook):
    """Keeps the gradients with which the optimizer steps, and the momentum of each update of the target."""

    def before_train(self, runner):
        self.norms, self.momenta = [], []
        runner.optim_wrapper.optimizer.register_step_pre_hook(
            lambda optimizer, *_: self.norms.append(
                math.sqrt(
                    sum(
                        (p.grad.double() ** 2).sum().item()
                        for group in optimizer.param_groups
                        for p in group['params']
                        if p.grad is not None
                    )
                )
            )
        )

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.target = next(runner.model.target.parameters()).double().clone()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        online = next(runner.model.backbone.parameters()).detach().double()
        moved = next(runner.model.target.parameters()).double() - self.target
        self.momenta.append(((moved * (online - self.target)).sum() / ((online - self.target) ** 2).sum()).item())


def test_gradient_norm_and_momentum_are_those_of_the_step(tmp_path, faces):
    keep = Keep()
    runner = make_runner(tmp_path / 'run', faces, [dict(type='CollapseMonitorHook', interval=1)])
    runner.register_hook(keep)
    runner.model.base_momentum = 0.5
    runner.train()
    found = reports(runner)
    assert [record['training/grad_norm'] for record in found] == pytest.approx(keep.norms, rel=1e-4)
    assert [record['training/ema_momentum'] for record in found] == pytest.approx(keep.momenta, rel=1e-3)


def test_training_is_the_same_bit_by_bit_with_and_without(tmp_path, faces):
    states = []
    for name, hooks in (('with', [dict(type='CollapseMonitorHook', interval=1)]), ('without', [])):
        runner = make_runner(tmp_path / name, faces, hooks)
        runner.train()
        states.append(runner.model.state_dict())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_another_self_supervised_model_has_what_it_has(tmp_path, faces):
    runner = make_runner(tmp_path / 'run', faces, [dict(type='CollapseMonitorHook', interval=2)], model=byol())
    runner.train()
    for record in reports(runner):
        assert set(record) - {'step', 'iter', 'speed/gpu_memory'} == ALWAYS


HEALTHY = {
    'regions/use_0': 0.6,
    'regions/use_1': 0.4,
    'regions/sharpness': 0.5,
    'embedding/global_rank': 20.0,
    'embedding/global_spread': 0.8,
    'embedding/region_rank': 20.0,
    'embedding/region_spread': 0.8,
}
LIMITS = dict(max_use=0.9, min_rank=2.0, min_spread=0.05)


@pytest.mark.parametrize(
    'ill, words',
    [
        ({'regions/use_0': 0.97, 'regions/use_1': 0.03}, ['97%', 'entropy_weight']),
        ({'regions/sharpness': 0.001}, ['no region stands out', 'loss_weight']),
        ({'embedding/global_rank': 1.2}, ['global', '1.20', 'learning rate']),
        ({'embedding/region_rank': 1.2}, ['region', '1.20', 'learning rate']),
        ({'embedding/global_spread': 0.001}, ['global', 'nearly the same', 'base_momentum']),
    ],
)
def test_a_collapse_is_told_in_words_once_it_has_lasted(ill, words, caplog):
    runner = SimpleNamespace(iter=900, max_iters=1000, logger=logging.getLogger('collapse'))
    hook = CollapseMonitorHook(patience=2)
    for values in (HEALTHY, {**HEALTHY, **ill}):
        hook._warn(runner, values)
    assert caplog.records == []
    for _ in range(3):  # it goes on: one warning, not three
        hook._warn(runner, {**HEALTHY, **ill})
    (message,) = [record.getMessage() for record in caplog.records]
    assert all(word in message for word in words)
    hook._warn(runner, HEALTHY)
    for _ in range(2):  # it comes back
        hook._warn(runner, {**HEALTHY, **ill})
    assert len(caplog.records) == 2


def test_the_log_has_a_line_that_sums_it_up(tmp_path, faces, caplog):
    runner = make_runner(tmp_path / 'run', faces, [dict(type='CollapseMonitorHook', interval=4)])
    runner.logger.addHandler(caplog.handler)
    runner.train()
    (found,) = reports(runner)
    lines = [record.getMessage() for record in caplog.records]
    assert summary(found) in lines
    in_use = sum(found[f'regions/use_{k}'] >= 0.01 for k in range(4))
    assert summary(found).startswith(
        f'{in_use} of 4 regions in use, sharpness {found["regions/sharpness"]:.3f}; global'
    )
    assert summary({'speed/images_per_second': 12.34}) == '12.3 images per second'


def test_undecided_regions_are_no_complaint_at_the_start():
    undecided = {**HEALTHY, 'regions/sharpness': 0.001, 'regions/use_0': 0.98, 'regions/use_1': 0.02}
    assert find_complaints(undecided, **LIMITS, late=False) == {}


def test_a_single_region_is_no_collapse():
    assert find_complaints({'regions/use_0': 1.0, 'regions/sharpness': 0.0}, **LIMITS, late=True) == {}


def test_a_model_that_collapses_is_warned_of(tmp_path, faces, caplog):
    class Freeze(Hook):
        """Embeddings of all faces become the same."""

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            for parameter in runner.model.neck.global_projector.parameters():
                parameter.data.zero_()

    runner = make_runner(tmp_path / 'run', faces, [dict(type='CollapseMonitorHook', interval=1, patience=2)])
    runner.register_hook(Freeze())
    runner.logger.addHandler(caplog.handler)
    runner.train()
    assert any('global embeddings of all faces are nearly the same' in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    'kwargs, message',
    [
        (dict(interval=0), 'got 0, 3 and 8'),
        (dict(patience=0), 'got 50, 0 and 8'),
        (dict(agreement_faces=-1), 'got 50, 3 and -1'),
        (dict(max_use=0.0), r'\(0, 1\], got 0'),
        (dict(max_use=1.1), r'\(0, 1\], got 1.1'),
    ],
)
def test_numbers_out_of_range_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        CollapseMonitorHook(**kwargs)
