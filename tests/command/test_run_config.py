"""What build_runner adds to every config, also to one with mmengine's own loops."""

import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import METRICS, MODELS, VISBACKENDS
from mmengine.visualization import LocalVisBackend
from torch import nn

from fra_plugin.command import build_runner


class Strange(BaseModel):
    """Learns, and predicts what is not finite."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, inputs, mode='loss'):
        return dict(loss=self.weight.sum()) if mode == 'loss' else [dict(pred=[float('nan')], img_path='Ren\udce9.jpg')]


class Count(BaseMetric):
    """Looks like any number."""

    def process(self, data_batch, data_samples):
        self.results += data_samples

    def compute_metrics(self, results):
        return dict(count=len(results))


class NoSpace(LocalVisBackend):
    """A full disk."""

    def add_scalars(self, *args, **kwargs):
        raise OSError(28, 'No space left on device')


@pytest.fixture
def cfg(tmp_path):
    for registry, kind in ((MODELS, Strange), (METRICS, Count), (VISBACKENDS, NoSpace)):
        registry.register_module(module=kind, force=True)
    loader = dict(
        dataset=[dict(inputs=torch.zeros(1)), dict(inputs=torch.zeros(1))],
        batch_size=1,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
    )
    return Config(
        dict(
            model=dict(type='Strange'),
            train_dataloader=loader,
            val_dataloader=loader,
            test_dataloader=loader,
            train_cfg=dict(by_epoch=True, max_epochs=1),
            val_cfg=dict(),
            test_cfg=dict(),
            val_evaluator=dict(type='Count'),
            test_evaluator=dict(type='Count'),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
            visualizer=dict(type='Visualizer', vis_backends=[dict(type='NoSpace')]),
            work_dir=str(tmp_path / 'run'),
            launcher='none',
        )
    )


def test_a_full_disk_and_strange_predictions_in_a_validation_are_warnings(cfg, tmp_path):
    runner = build_runner(cfg)
    runner.train()
    log = next((tmp_path / 'run').glob('*/*.log')).read_text()
    assert runner.iter == 2 and (tmp_path / 'run' / 'epoch_1.pth').is_file()
    assert 'What goes to NoSpace could not be written: [Errno 28] No space left on device' in log
    assert (
        'WARNING - The numbers of this validation mean nothing: 2 predictions' in log
        and 'pred of Ren\\udce9.jpg' in log
    )


def test_strange_predictions_end_a_test(cfg):
    with pytest.raises(ValueError, match='not finite .* first in pred of Ren'):
        build_runner(cfg).test()
