"""The target moves once per optimizer step, whatever the iterations do."""

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS, OPTIMIZERS
from mmengine.runner import Runner
from torch.optim import SGD
from torch.utils.data import DataLoader, Dataset

from fra_plugin.engine import MomentumUpdateHook


class Recorder(BaseModel):
    """Notes each update of its target, and its weight at that moment."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.updates = []

    def forward(self, inputs, mode='loss'):
        return dict(loss=self.weight * inputs.float().mean())

    def update_target(self, step, max_steps):
        self.updates.append((step, max_steps, self.weight.item()))


class Numbers(Dataset):
    metainfo = {}

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return dict(inputs=torch.ones(1))


class SkippingWrapper(OptimWrapper):
    """Takes no step at its second call, as a loss scaler that has met an overflow."""

    calls = 0

    def step(self, **kwargs):
        self.calls += 1
        if self.calls != 2:
            super().step(**kwargs)


def train(tmp_path, epochs=1, cfg=None, **kwargs):
    optim_wrapper = dict(dict(optimizer=dict(type='SGD', lr=1.0)), **kwargs)
    runner = Runner(
        model=Recorder(), work_dir=str(tmp_path), train_dataloader=DataLoader(Numbers()), optim_wrapper=optim_wrapper,
        train_cfg=dict(by_epoch=True, max_epochs=epochs), custom_hooks=[MomentumUpdateHook()], resume=True,
        default_scope='mmpretrain', experiment_name=f'{tmp_path.name}_{epochs}_{len(kwargs)}',
        log_level='ERROR', cfg=cfg)  # yapf: disable
    runner.train()
    return runner.model.updates


def test_after_each_step(tmp_path):
    # lr 1 and gradient 1: the weight is -1 after the first step, so the update comes after it.
    assert train(tmp_path) == [(0, 5, -1.0), (1, 5, -2.0), (2, 5, -3.0), (3, 5, -4.0), (4, 5, -5.0)]


def test_accumulated_gradients_are_one_step(tmp_path):
    # 5 iterations, two a step, the last one alone.
    steps = [(step, max_steps) for step, max_steps, _ in train(tmp_path, accumulative_counts=2)]
    assert steps == [(0, 3), (1, 3), (2, 3)]


def test_a_skipped_step_leaves_the_target_alone(tmp_path):
    OPTIM_WRAPPERS.register_module(name='SkippingWrapper', module=SkippingWrapper, force=True)
    updates = train(tmp_path, type='SkippingWrapper')
    assert [step for step, _, _ in updates] == [0, 2, 3, 4]


def test_a_resumed_run_goes_on_with_the_schedule(tmp_path):
    train(tmp_path)
    assert [(step, max_steps) for step, max_steps, _ in train(tmp_path, epochs=2)] == [(i, 10) for i in range(5, 10)]


def test_a_step_that_a_fused_optimizer_skips_by_itself_leaves_the_target_alone(tmp_path):
    class Fused(SGD):
        calls = 0

        @torch.no_grad()
        def step(self, closure=None):
            self.calls += 1
            self.found_inf = torch.tensor(float(self.calls == 2))  # as the loss scaler sets it
            for weight in self.param_groups[0]['params']:
                weight -= weight.grad * (1 - self.found_inf)

    OPTIMIZERS.register_module(name='Fused', module=Fused, force=True)
    updates = train(tmp_path, optimizer=dict(type='Fused', lr=1.0))
    assert [step for step, _, _ in updates] == [0, 2, 3, 4]


def test_a_compiled_step_is_refused(tmp_path):
    with pytest.raises(ValueError, match='compile=True compiles the optimizer'):
        train(tmp_path, cfg=dict(compile=True))
