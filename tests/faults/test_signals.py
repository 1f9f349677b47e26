"""SIGTERM and SIGUSR1: the step is finished, a checkpoint saved, the exit code says why."""

import os
import signal
import subprocess

import pytest
from faults.tiny_training import REPO, Training, same_checkpoint


@pytest.mark.parametrize(
    'number, code', [(signal.SIGTERM, 143), pytest.param(signal.SIGUSR1, 75, marks=pytest.mark.faults)]
)
def test_a_signal_saves_and_ends_and_the_run_goes_on_from_there(config, undisturbed, tmp_path, number, code):
    """The data workers get the signal too, as those of a cluster's job do."""
    work_dir = tmp_path / 'run'
    training = Training(config, work_dir)
    training.wait_for_step(3)
    for worker in training.workers():
        os.kill(worker, number)
    training.signal(number)
    assert training.finish() == [code], training.output()
    assert f'Stopped by {number.name}' in training.output()
    stopped_at = max(training.steps())
    assert training.last_checkpoint()['meta']['iter'] == stopped_at < 12

    training = Training(config, work_dir, '--resume')
    assert training.finish() == [0], training.output()
    assert training.steps() == undisturbed.steps()
    same_checkpoint(work_dir / 'epoch_3.pth', undisturbed.work_dir / 'epoch_3.pth')


def test_a_signal_to_one_of_two_processes_ends_both_after_the_same_step(config, tmp_path):
    training = Training(config, tmp_path / 'run', world_size=2)
    training.wait_for_step(1)
    training.signal(signal.SIGUSR1, rank=1)
    assert training.finish() == [75, 75], training.output()
    assert max(training.steps(0)) == max(training.steps(1)) == training.last_checkpoint()['meta']['iter']


@pytest.mark.parametrize('in_a_batch_job', [True, False])
def test_slurm_gives_a_run_that_was_out_of_time_another_turn(tmp_path, in_a_batch_job):
    """srun and scontrol write down what they were called with; the first srun ends as a run does after SIGUSR1."""
    calls = tmp_path / 'calls'
    for name, text in dict(srun=f'[ "$(grep -c ^srun {calls})" = 1 ] && exit 75 || exit 0', scontrol='exit 0').items():
        path = tmp_path / name
        path.write_text(f'#!/bin/sh\necho {name} "$@" >> {calls}\n{text}\n')
        path.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith('SLURM_')}
    environment.update(PATH=f'{tmp_path}:{os.environ["PATH"]}', **(dict(SLURM_JOB_ID='17') if in_a_batch_job else {}))
    command = ['bash', str(REPO / 'tools' / 'slurm_train.sh'), 'gpu', 'fra', 'config.py', 'work', '--amp']
    code = subprocess.run(command, env=environment).returncode
    lines = calls.read_text().splitlines()
    assert len(lines) == 2 and '--signal=USR1@120' in lines[0] and lines[0].endswith('--launcher slurm --amp')
    if in_a_batch_job:
        assert code == 75 and lines[1] == 'scontrol requeue 17'
        assert subprocess.run(command, env=dict(environment, SLURM_RESTART_COUNT='1')).returncode == 0
        lines = calls.read_text().splitlines()
    else:
        assert code == 0
    assert lines[-1].startswith('srun') and lines[-1].endswith('--amp --resume')
