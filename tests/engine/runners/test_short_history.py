"""The log history is as long as the log needs, and its means are right."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.runner import LogProcessor

from fra_plugin.checkpoints.safe_loading.safe_load import safe_load
from fra_plugin.engine.runners import short_history
from fra_plugin.engine.runners.short_history import ShortHistory

WINDOWS = [
    dict(data_src='loss', log_name='loss_of_epoch', method_name='mean', window_size='epoch'),
    dict(data_src='loss_a', log_name='all', method_name='mean', window_size='global'),
    dict(data_src='loss_b', log_name='best', method_name='min'),
    dict(data_src='loss_c', log_name='wide', method_name='max', window_size=70),
    dict(data_src='lr', log_name='now', method_name='current'),
]
STEPS = 300


@pytest.fixture
def runner(monkeypatch):
    monkeypatch.setattr(short_history, 'KEEP', 20)
    return SimpleNamespace(
        message_hub=MessageHub.get_instance('short_history'),
        log_processor=LogProcessor(window_size=10, custom_cfg=WINDOWS),
        train_loop=SimpleNamespace(dataloader=range(40)),
        val_loop=SimpleNamespace(dataloader=range(50)),
    )


def test_as_long_as_the_longest_window_and_equal_to_the_full_history(runner):
    full = MessageHub.get_instance('full_history')
    shorten = ShortHistory(runner)
    names = [
        *(f'train/{name}' for name in ('loss', 'loss_a', 'loss_b', 'loss_c', 'lr', 'other')),
        'val/time',
        'val/other',
    ]
    for step in range(STEPS):
        for name in names:
            value = float(step * 7 % 31)
            for hub in (runner.message_hub, full):
                hub.update_scalar(name, value)
        shorten()
    scalars = runner.message_hub.log_scalars
    lengths = {name: len(scalars[name].data[0]) for name in names}
    assert lengths == {
        'train/loss': 50, 'train/loss_a': STEPS, 'train/loss_b': STEPS, 'train/loss_c': 70, 'train/lr': 20,
        'train/other': 20, 'val/time': 50, 'val/other': 20}  # yapf: disable
    for name, window in (('loss', 40), ('loss_a', STEPS), ('loss_b', None), ('loss_c', 70), ('other', 10)):
        for method in ('mean', 'min', 'max'):
            of_short, of_full = (
                h.get_scalar(f'train/{name}').statistics(method, window) for h in (runner.message_hub, full)
            )
            assert of_short == of_full


def test_a_history_from_a_checkpoint_is_cut_too(runner, tmp_path):
    hub = runner.message_hub
    for step in range(100):
        hub.update_scalar('train/loss_d', float(step))
    torch.save(dict(message_hub=hub.state_dict()), tmp_path / 'a.pth')
    hub.load_state_dict(safe_load(tmp_path / 'a.pth')['message_hub'])
    ShortHistory(runner)()
    hub.update_scalar('train/loss_d', 100.0)
    assert hub.get_scalar('train/loss_d').data[0].tolist() == [float(step) for step in range(81, 101)]
