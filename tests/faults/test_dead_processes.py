"""A data worker, or one of several training processes, that dies or stops: nothing hangs, nothing is lost."""

import os
import signal
import subprocess
import sys
import time

import pytest
from faults.tiny_training import REPO, STEPS, Training, free_port, same_checkpoint, steps_of, write_config


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


class Launched:
    """tools/dist_train.sh with two processes, as users start it."""

    def __init__(self, config, folder, **environment):
        variables = dict(
            os.environ,
            PYTHON=sys.executable,
            PORT=str(free_port()),
            OMP_NUM_THREADS='1',
            CUDA_VISIBLE_DEVICES='',
            PYTHONPATH=os.pathsep.join([str(REPO / 'tests'), os.environ.get('PYTHONPATH', '')]),
            **environment,
        )
        self.log, self.work_dir = folder / 'log', folder / 'run'
        with open(self.log, 'w') as log:
            self.launcher = subprocess.Popen(
                ['bash', str(REPO / 'tools' / 'dist_train.sh'), str(config), '2', '--work-dir', str(self.work_dir)],
                stdout=log,
                stderr=log,
                env=variables,
            )

    def wait_for_step(self, step):
        end = time.monotonic() + 200
        while max(steps_of(self.work_dir, 1), default=0) < step:
            assert self.launcher.poll() is None and time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)

    def processes(self):
        with open(f'/proc/{self.launcher.pid}/task/{self.launcher.pid}/children') as file:
            return [int(pid) for pid in file.read().split()]


@pytest.mark.faults
def test_dist_train_ends_when_one_of_its_processes_is_killed(faces, tmp_path):
    """And everything that it started is gone afterwards."""
    run = Launched(write_config(tmp_path / 'tiny.py', faces, 'train_cfg["max_epochs"] = 100\n'), tmp_path)
    run.wait_for_step(1)
    pids = run.processes()
    os.kill(pids[-1], signal.SIGKILL)
    assert run.launcher.wait(120) not in (0, None)
    assert not [pid for pid in pids if os.path.exists(f'/proc/{pid}')]


@pytest.mark.faults
def test_dist_train_goes_on_by_itself_where_restarts_are_allowed(faces, tmp_path):
    config = write_config(tmp_path / 'tiny.py', faces, 'custom_hooks[-1]["seconds"] = 0.3\n')
    run = Launched(config, tmp_path, MAX_RESTARTS='1')
    run.wait_for_step(3)
    os.kill(run.processes()[-1], signal.SIGKILL)
    assert run.launcher.wait(400) == 0, run.log.read_text()
    assert 'Load checkpoint from' in run.log.read_text()
    # and steps_of() saw that repeated steps agree
    assert max(steps_of(run.work_dir, 0)) == max(steps_of(run.work_dir, 1)) == STEPS // 2
