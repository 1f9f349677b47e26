"""SIGTERM and SIGUSR1: the step is finished, a checkpoint saved, the exit code says why."""
import os
import signal

import pytest
from faults.tiny_training import Training, same_checkpoint


@pytest.mark.parametrize('number, code', [(signal.SIGTERM, 143), (signal.SIGUSR1, 75)])
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
