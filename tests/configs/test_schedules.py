"""The learning rate falls until the last epoch, however many there are."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from fra_plugin.command.config_options import merge_options
from fra_plugin.configs import load_config
from fra_plugin.engine.runners.preconditions import drop_late_schedulers

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
NAMES = [
    'fra/fra_r50_8xb64.py',
    'fra/fra_r18_1xb64_demo.py',
    'baselines/byol_r18_1xb64_demo.py',
    'transfer/classification/resnet50_8xb32-ft-fra_rafdb.py',
    'transfer/classification/resnet50_8xb32-ft-fra_bp4d.py',
    'transfer/classification/resnet18_1xb32-ft-fra_lfw-attributes.py',
    'transfer/landmark/td-hm_r18_udp-1xb32-8e_synthetic-96x96.py',
    'transfer/parsing/resnet18_1xb32-parse-fra_synthetic.py',
]
STEPS = 40  # an epoch


class Tiny(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, inputs):
        return self.layer(inputs)


def rates(cfg, epochs, work_dir):
    """The learning rate of each step, as a share of the config's."""
    runner = Runner(
        Tiny(),
        str(work_dir),
        train_dataloader=DataLoader(range(STEPS)),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1.0)),
        param_scheduler=cfg.param_scheduler,
        experiment_name=f'{work_dir.name}',
    )
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    schedulers = runner.build_param_scheduler(cfg.param_scheduler)
    found = []
    for step in range(1, epochs * STEPS + 1):
        found += runner.optim_wrapper.get_lr()['lr']
        for scheduler in schedulers:
            if not scheduler.by_epoch or step % STEPS == 0:
                scheduler.step()
    return found


@pytest.mark.parametrize('times', [0.5, 1, 2])
@pytest.mark.parametrize('name', NAMES)
def test_the_rate_rises_and_falls_to_the_end_of_as_many_epochs_as_are_asked_for(name, times, tmp_path):
    cfg = load_config(str(CONFIGS / name))
    epochs = round(times * cfg.train_cfg.max_epochs)
    merge_options(cfg, {'train_cfg.max_epochs': str(epochs)})
    assert drop_late_schedulers(cfg) == []
    found = rates(cfg, epochs, tmp_path)
    top = found.index(max(found))
    assert max(found) > 0.9 and found[0] < 0.02 and top < 0.45 * len(found)
    assert found[top:] == sorted(found[top:], reverse=True)
    middle = found[(top + len(found)) // 2]
    assert 0.3 < middle < 0.6 and 0 < found[-1] < 1e-3


@pytest.mark.parametrize('name', NAMES)
def test_a_trial_of_one_epoch_has_a_rate_too(name, tmp_path):
    cfg = load_config(str(CONFIGS / name))
    merge_options(cfg, {'train_cfg.max_epochs': '1'})
    warmup, *others = cfg.param_scheduler
    dropped = drop_late_schedulers(cfg)
    assert len(dropped) == len([part for part in others if part.begin])
    assert all(line.endswith('and there are 1.') for line in dropped)
    assert max(rates(cfg, 1, tmp_path)) > 0


@pytest.mark.parametrize(
    'scheduler', [dict(type='CosineAnnealingLR', by_epoch=False, begin=10), dict(type='StepLR', begin=9, end=12)]
)
def test_what_has_an_end_or_counts_steps_stays(scheduler):
    cfg = Config(dict(train_cfg=dict(max_epochs=1), param_scheduler=[scheduler]))
    assert drop_late_schedulers(cfg) == [] and cfg.param_scheduler == [scheduler]
