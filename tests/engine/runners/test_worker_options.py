"""A data loader without workers does not need to be cleared of options for workers."""

import pytest
from mmengine.config import Config
from watched_run import make_runner, write_faces

from fra_plugin.engine.runners.fit_to_machine import fit_to_machine
from fra_plugin.engine.runners.worker_options import drop_worker_options

OPTIONS = dict(persistent_workers=True, prefetch_factor=4, multiprocessing_context='fork')


@pytest.mark.parametrize('workers', [dict(), dict(num_workers=0)])
def test_without_workers_their_options_go(workers):
    loader = dict(OPTIONS, batch_size=2, **workers)
    assert drop_worker_options(loader) == list(OPTIONS)
    assert loader == dict(batch_size=2, **workers)
    assert drop_worker_options(loader) == []


@pytest.mark.parametrize('loader', [dict(OPTIONS, num_workers=1), None, [1]])
def test_all_else_stays(loader):
    assert drop_worker_options(loader) == []
    assert not loader or len(loader) in (1, 4)


def test_every_loader_of_a_config_is_cleared_and_told_once():
    cfg = Config(
        dict(
            launcher='none',
            train_dataloader=dict(num_workers=2, persistent_workers=True),
            val_dataloader=dict(num_workers=0, persistent_workers=True),
            test_dataloader=dict(num_workers=0, prefetch_factor=2, persistent_workers=True),
        )
    )
    assert [line for line in fit_to_machine(cfg) if 'num_workers' in line] == [
        'val_dataloader has num_workers=0: persistent_workers dropped.',
        'test_dataloader has num_workers=0: persistent_workers, prefetch_factor dropped.',
    ]
    assert cfg.train_dataloader.persistent_workers and fit_to_machine(cfg) == []


def test_training_without_workers_runs_beside_persistent_workers(tmp_path):
    faces = write_faces(tmp_path / 'faces')
    loader = make_runner(tmp_path / 'config', faces, []).cfg.train_dataloader
    loader.update(OPTIONS)
    runner = make_runner(
        tmp_path / 'run', faces, [], train_dataloader=loader, train_cfg=dict(type='ReliableTrainLoop', max_epochs=1)
    )
    runner.train()
    assert runner.iter == 2
    log = ''.join(path.read_text() for path in (tmp_path / 'run').glob('*/*.log'))
    assert log.count('num_workers=0: persistent_workers, prefetch_factor, multiprocessing_context dropped') == 1
