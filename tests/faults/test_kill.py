"""kill -9 at any moment, then --resume: the same run as if nothing had happened."""

import time

import pytest
from faults.tiny_training import BATCH, IMAGES, STEPS, Training, same, same_checkpoint

from fra_plugin.checkpoints.safe_loading.safe_load import safe_load


def killed_and_resumed(config, work_dir, dice, kills, world_size=1):
    """A run to its end through up to `kills` kills at random moments, and how many there were."""
    killed, total = 0, STEPS // world_size
    while True:
        training = Training(config, work_dir, '--resume', world_size=world_size)
        begun = max(training.steps(), default=0)
        if killed < kills and begun < total:
            # Somewhere between here and the end, while starting, stepping or saving.
            step = dice.randint(begun, min(begun + total // 2, total))
            moment = dice.uniform(0, 0.7)
            print(f'kill {killed + 1}: {moment:.3f} s after iteration {step}')
            if step > begun:
                training.wait_for_step(step)
            time.sleep(moment)
            if training.kill():
                killed += 1
                continue
        assert set(training.finish()) == {0}, training.output()
        return training, killed


def check(training, undisturbed):
    assert training.steps() == undisturbed.steps()
    same_checkpoint(training.work_dir / 'epoch_3.pth', undisturbed.work_dir / 'epoch_3.pth')


def test_a_run_that_is_killed_three_times_ends_with_the_same_bits(config, undisturbed, dice, tmp_path):
    training, killed = killed_and_resumed(config, tmp_path / 'run', dice, 3)
    assert killed > 0
    check(training, undisturbed)


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_twenty_kills(config, undisturbed, dice, tmp_path):
    total = 0
    while total < 20:
        training, killed = killed_and_resumed(config, tmp_path / f'run{total}', dice, 20 - total)
        total += killed
        check(training, undisturbed)


@pytest.mark.faults
@pytest.mark.timeout(1800)
def test_kills_of_a_run_of_two_processes(config, dice, tmp_path):
    whole = Training(config, tmp_path / 'whole', world_size=2)
    assert whole.finish() == [0, 0], whole.output()
    training, killed = killed_and_resumed(config, tmp_path / 'run', dice, 4, world_size=2)
    assert killed > 0
    assert training.steps(0) == whole.steps(0) and training.steps(1) == whole.steps(1)
    same_checkpoint(training.work_dir / 'epoch_3.pth', whole.work_dir / 'epoch_3.pth')


AT_THE_THIRD_SAVE = """
import os, signal
from fra_plugin.files import atomic_backend
from fra_plugin.files import whole_file
moment, saves = {moment!r}, []

def die(when):
    if len(saves) == 3 and when == moment:
        os.kill(os.getpid(), signal.SIGKILL)

class File:  # as of open(..., 'wb')
    def __init__(self, *args):
        self.file = open(*args)
    def write(self, data):
        if len(data) > 1000:
            saves.append(1)
        self.file.write(data[:len(data) // 2]); self.file.flush(); die('half written')
        self.file.write(data[len(data) // 2:])
    def __getattr__(self, name):
        return getattr(self.file, name)
    def __enter__(self):
        return self
    def __exit__(self, *_):
        self.file.close()

class System:
    def __getattr__(self, name):
        return getattr(os, name)
    def replace(self, *paths):
        die('before it is renamed'); os.replace(*paths); die('before last_checkpoint')

atomic_backend.open = File
whole_file.os = System()
"""


@pytest.mark.parametrize(
    'moment',
    [
        'half written',
        pytest.param('before it is renamed', marks=pytest.mark.faults),
        pytest.param('before last_checkpoint', marks=pytest.mark.faults),
    ],
)
def test_a_kill_during_a_save_leaves_the_former_checkpoint(config, undisturbed, tmp_path, moment):
    work_dir = tmp_path / 'run'
    training = Training(config, work_dir, before=AT_THE_THIRD_SAVE.format(moment=moment))
    assert training.finish() == [-9], training.output()
    former = (work_dir / 'last_checkpoint').read_text()
    assert former.endswith('iter_4.pth')
    assert safe_load(former)['meta']['iter'] == 4
    leftovers = list(work_dir.glob('.*partial*'))
    assert len(leftovers) == (moment != 'before last_checkpoint')
    (work_dir / '.1.partial-best_accuracy_epoch_1.pth').touch()

    training = Training(config, work_dir, '--resume')
    assert training.finish() == [0], training.output()
    check(training, undisturbed)
    assert not list(work_dir.glob('.*partial*'))


def test_what_lies_before_the_place_of_a_resume_is_not_loaded_again(config, undisturbed, tmp_path):
    """The workers of the resumed part read the images of the steps that are left, and of no others."""
    count = """
from fra_plugin.datasets import LoadFace
transform = LoadFace.transform
def counted(self, results):
    with open({log!r}, 'a') as file:
        file.write('one\\n')
    return transform(self, results)
LoadFace.transform = counted
""".format(log=str(tmp_path / 'loaded'))
    work_dir = tmp_path / 'run'
    checkpoint = undisturbed.work_dir / 'iter_10.pth'
    training = Training(config, work_dir, '--resume', str(checkpoint), before=count)
    assert training.finish() == [0], training.output()
    assert sorted(training.steps()) == [11, 12]
    assert len((tmp_path / 'loaded').read_text().splitlines()) == 2 * BATCH < IMAGES
    same(training.steps(), {step: undisturbed.steps()[step] for step in (11, 12)})
    same_checkpoint(work_dir / 'epoch_3.pth', undisturbed.work_dir / 'epoch_3.pth')
