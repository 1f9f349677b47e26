"""A data worker, or one of several training processes, that dies or stops: nothing hangs, nothing is lost."""

import os
import signal
import subprocess
import sys
import time

import pytest
from faults.tiny_training import REPO, Training, same_checkpoint, write_config


def test_a_killed_data_worker_is_replaced_and_its_batches_are_made_again(config, undisturbed, tmp_path):
    training = Training(config, tmp_path / 'run')
    for step in (2, 5):
        training.wait_for_step(step)
        os.kill(training.workers()[0], signal.SIGKILL)
    assert training.finish() == [0], training.output()
    # Once, where both died before it was noticed, or the second one had sent all its batches.
    assert training.output().count('The data workers are started anew') in (1, 2)
    assert training.steps() == undisturbed.steps()
    same_checkpoint(training.work_dir / 'epoch_3.pth', undisturbed.work_dir / 'epoch_3.pth')


def test_data_workers_that_keep_dying_end_the_run_with_a_message_and_a_checkpoint(config, tmp_path):
    training = Training(config, tmp_path / 'run', '--cfg-options', 'train_cfg.worker_restarts=0')
    training.wait_for_step(2)
    os.kill(training.workers()[0], signal.SIGKILL)
    assert training.finish() == [1], training.output()
    assert 'Data workers died 1 times in this epoch' in training.output()
    assert training.last_checkpoint()['meta']['iter'] >= 2


def test_data_workers_that_send_nothing_end_the_run_with_a_message_and_a_checkpoint(config, tmp_path):
    training = Training(config, tmp_path / 'run', '--cfg-options', 'train_cfg.data_timeout=5')
    training.wait_for_step(2)
    for worker in training.workers():
        os.kill(worker, signal.SIGSTOP)
    assert training.finish() == [1], training.output()
    assert 'no batch came from the data workers for 5 s' in training.output()
    assert training.last_checkpoint()['meta']['iter'] >= 2


def test_the_death_of_one_process_ends_the_other_and_both_go_on_from_the_checkpoint(config, tmp_path):
    training = Training(config, tmp_path / 'run', world_size=2)
    training.wait_for_step(3)
    training.signal(signal.SIGKILL, rank=1)
    codes = training.finish(60)
    assert codes[1] == -9 and codes[0] not in (0, None), training.output()
    assert training.last_checkpoint()['meta']['iter'] >= 2

    training = Training(config, tmp_path / 'run', '--resume', world_size=2)
    assert training.finish() == [0, 0], training.output()
    assert max(training.steps(0)) == max(training.steps(1)) == 6  # and steps() saw that repeated steps agree


@pytest.mark.faults
def test_a_process_that_stands_still_is_an_error_after_the_timeout(config, tmp_path):
    training = Training(config, tmp_path / 'run', '--cfg-options', 'env_cfg.dist_cfg.timeout=10', world_size=2)
    training.wait_for_step(3)
    training.signal(signal.SIGSTOP, rank=1)
    start = time.monotonic()
    training.processes[0].join(100)
    assert training.processes[0].exitcode not in (0, None)
    assert time.monotonic() - start < 60
    training.kill()
    assert training.last_checkpoint()['meta']['iter'] >= 2


@pytest.mark.faults
def test_dist_train_ends_when_one_of_its_processes_is_killed(faces, tmp_path):
    """The launcher as users start it, and everything it started is gone afterwards."""
    config = write_config(tmp_path / 'tiny.py', faces, 'train_cfg["max_epochs"] = 100\n')
    environment = dict(
        os.environ,
        PYTHON=sys.executable,
        PORT='29617',
        OMP_NUM_THREADS='1',
        CUDA_VISIBLE_DEVICES='',
        PYTHONPATH=os.pathsep.join([str(REPO / 'tests'), os.environ.get('PYTHONPATH', '')]),
    )
    with open(tmp_path / 'log', 'w') as log:
        launcher = subprocess.Popen(
            ['bash', str(REPO / 'tools' / 'dist_train.sh'), str(config), '2', '--work-dir', str(tmp_path / 'run')],
            stdout=log,
            stderr=log,
            env=environment,
        )
    losses = tmp_path / 'run' / 'losses_1.txt'
    for _ in range(1200):
        if losses.exists() or launcher.poll() is not None:
            break
        time.sleep(0.1)
    assert losses.exists(), (tmp_path / 'log').read_text()
    children = f'/proc/{launcher.pid}/task/{launcher.pid}/children'
    with open(children) as file:
        pids = [int(pid) for pid in file.read().split()]
    os.kill(pids[-1], signal.SIGKILL)
    assert launcher.wait(120) not in (0, None)
    assert not [pid for pid in pids if os.path.exists(f'/proc/{pid}')]
