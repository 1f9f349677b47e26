"""A run goes on from a checkpoint of a training with the same optimizer, or says why not."""

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner

from fra_plugin.checkpoints.resume_check import ResumeCheck
from fra_plugin.checkpoints.safe_loading.safe_load import safe_load


class Line(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, x, mode='loss'):
        return dict(loss=self.layer(x).square().mean())


def train(folder, epochs=1, optimizer='AdamW', **kwargs):
    runner = Runner(
        model=Line(),
        work_dir=str(folder),
        train_dataloader=dict(
            dataset=[dict(x=torch.ones(1))] * 2,
            batch_size=2,
            sampler=dict(type='DefaultSampler', shuffle=False),
            collate_fn=dict(type='default_collate'),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type=optimizer, lr=0.1)),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)),
        experiment_name=f'{folder.parent.name}-{folder.name}',
        **kwargs,
    )
    if kwargs.get('resume'):
        runner.register_hook(ResumeCheck())
    runner.train()
    return runner


@pytest.fixture
def trained(tmp_path):
    train(tmp_path / 'run')
    return tmp_path / 'run' / 'epoch_1.pth'


def test_a_training_checkpoint_of_the_same_optimizer_is_resumed(tmp_path, trained):
    assert train(tmp_path / 'more', 2, load_from=str(trained), resume=True).iter == 2


def test_weights_alone_are_refused_with_the_way_to_start_from_them(tmp_path, trained):
    torch.save(safe_load(trained)['state_dict'], tmp_path / 'plain.pth')
    with pytest.raises(ValueError, match=r'plain\.pth is no training checkpoint.*lacks .*meta.*set load_from='):
        train(tmp_path / 'more', 2, load_from=str(tmp_path / 'plain.pth'), resume=True)
    torch.save(dict(safe_load(trained), meta={}), tmp_path / 'meta.pth')
    with pytest.raises(ValueError, match=r'lacks meta\.epoch, meta\.iter'):
        train(tmp_path / 'more', 2, load_from=str(tmp_path / 'meta.pth'), resume=True)


def test_another_optimizer_is_named_before_the_first_step(tmp_path, trained):
    with pytest.raises(ValueError, match=r'epoch_1\.pth was saved with another optimizer: the SGD .* needs momentum'):
        train(tmp_path / 'more', 2, 'SGD', load_from=str(trained), resume=True)


def test_weights_alone_start_a_new_run(tmp_path, trained):
    torch.save(safe_load(trained)['state_dict'], tmp_path / 'plain.pth')
    assert train(tmp_path / 'new', load_from=str(tmp_path / 'plain.pth')).iter == 1


def log_of(folder):
    return ''.join(path.read_text() for path in folder.glob('*/*.log'))


def test_a_finished_run_says_so(tmp_path, trained):
    assert train(tmp_path / 'again', load_from=str(trained), resume=True).iter == 1
    assert 'nothing is left to train' in log_of(tmp_path / 'again') and 'at iteration 1 of 1' in log_of(
        tmp_path / 'again'
    )


def test_a_run_of_another_length_tells_that_the_rate_keeps_its_schedule(tmp_path, trained):
    train(tmp_path / 'more', 3, load_from=str(trained), resume=True)
    assert 'is of a run of 1 iterations, and this one has 3' in log_of(tmp_path / 'more')
    train(tmp_path / 'end', 3, load_from=str(tmp_path / 'more' / 'epoch_2.pth'), resume=True)
    assert 'is of a run of' not in log_of(tmp_path / 'end')
