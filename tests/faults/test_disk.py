"""A disk that is full, that damaged a file, or that goes away."""

import shutil
import subprocess
import time
import zipfile
from pathlib import Path

import pytest
from faults.tiny_training import Training, same_checkpoint, write_config

from fra_plugin.checkpoints.whole_checkpoint import fault_in

SMALL_FILES = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))
"""


@pytest.fixture
def begun(undisturbed, tmp_path):
    """A work directory with the checkpoints of 2 epochs and of 10 iterations."""
    work_dir = tmp_path / 'run'
    work_dir.mkdir()
    for name in ('epoch_2.pth', 'iter_10.pth'):
        shutil.copy(undisturbed.work_dir / name, work_dir)
    (work_dir / 'last_checkpoint').write_text(str(work_dir / 'iter_10.pth'))
    return work_dir


def test_no_space_for_a_checkpoint_leaves_the_former_one_and_is_told(config, undisturbed, begun):
    """The system refuses files of more than 100 kB, which checkpoints are and logs are not."""
    training = Training(config, begun, '--resume', before=SMALL_FILES)
    assert training.finish() == [1], training.output()
    assert max(training.steps()) == 12  # training went on to its end
    assert 'The checkpoint could not be written' in training.output()
    assert 'error: [Errno 27] File too large' in training.output()
    assert (begun / 'last_checkpoint').read_text() == str(begun / 'iter_10.pth')
    assert sorted(path.name for path in begun.glob('*.pth')) == ['epoch_2.pth', 'iter_10.pth']
    assert not list(begun.glob('.*partial*'))

    training = Training(config, begun, '--resume')
    assert training.finish() == [0], training.output()
    same_checkpoint(begun / 'epoch_3.pth', undisturbed.work_dir / 'epoch_3.pth')


@pytest.mark.faults
def test_a_disk_that_is_full_until_somebody_makes_room(config, undisturbed, tmp_path):
    work_dir = tmp_path / 'small'
    work_dir.mkdir()
    size = (undisturbed.work_dir / 'epoch_3.pth').stat().st_size
    mounted = subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', f'size={8 * size}', 'tmpfs', str(work_dir)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f'a small disk can only be mounted by root: {mounted.stderr.strip()}')
    try:
        ballast = work_dir / 'ballast'
        ballast.write_bytes(bytes(int(4.5 * size)))  # leaves room for three checkpoints
        training = Training(config, work_dir)
        for _ in range(600):
            if 'No space left on device' in training.output():
                break
            time.sleep(0.1)
        ballast.unlink()
        assert training.finish() == [0], training.output()
        assert 'No space left on device' in training.output()
        same_checkpoint(work_dir / 'epoch_3.pth', undisturbed.work_dir / 'epoch_3.pth')
    finally:
        subprocess.run(['umount', '-l', str(work_dir)], check=True)


@pytest.mark.parametrize(
    'damage',
    ['one bit', pytest.param('cut short', marks=pytest.mark.faults), pytest.param('empty', marks=pytest.mark.faults)],
)
def test_resume_passes_over_a_damaged_checkpoint(config, undisturbed, begun, damage):
    path = begun / 'iter_10.pth'
    data = bytearray(path.read_bytes())
    largest = max(zipfile.ZipFile(path).infolist(), key=lambda part: part.file_size)
    data[largest.header_offset + largest.file_size // 2] ^= 1
    path.write_bytes({'cut short': data[:-1000], 'one bit': data, 'empty': b''}[damage])
    assert fault_in(str(path)) is not None
    training = Training(config, begun, '--resume')
    assert training.finish() == [0], training.output()
    assert f'{path} is not whole and is passed over' in training.output()
    assert min(training.steps()) == 9  # epoch_2.pth is the end of iteration 8
    same_checkpoint(begun / 'epoch_3.pth', undisturbed.work_dir / 'epoch_3.pth')


def own_faces(faces: Path, folder: Path, extra: str = ''):
    """Faces that a test may take away, and the config that reads them."""
    mine = Path(shutil.copytree(faces, folder / 'faces'))
    return mine, write_config(folder / 'tiny.py', mine, extra)


def test_a_data_disk_that_comes_back_costs_nothing_but_time(faces, undisturbed, tmp_path):
    mine, config = own_faces(faces, tmp_path)
    training = Training(config, tmp_path / 'run')
    training.wait_for_step(2)
    mine.rename(tmp_path / 'away')
    time.sleep(2)
    (tmp_path / 'away').rename(mine)
    assert training.finish() == [0], training.output()
    assert training.steps() == undisturbed.steps()


def test_a_data_disk_that_stays_away_ends_the_run_with_a_message_and_a_checkpoint(faces, undisturbed, tmp_path):
    mine, config = own_faces(faces, tmp_path, 'train_dataloader["dataset"]["patience"] = 1\n')
    training = Training(config, tmp_path / 'run')
    training.wait_for_step(2)
    mine.rename(tmp_path / 'away')
    assert training.finish() == [1], training.output()
    assert 'is the disk there? Resume when it is.' in training.output()
    (tmp_path / 'away').rename(mine)
    training = Training(config, tmp_path / 'run', '--resume')
    assert training.finish() == [0], training.output()
    assert training.steps() == undisturbed.steps()


def test_broken_images_are_replaced_counted_and_named(faces, tmp_path):
    mine, config = own_faces(faces, tmp_path)
    (mine / '03.png').write_bytes(b'not an image')
    (mine / '05.png').write_bytes((mine / '05.png').read_bytes()[:200])
    training = Training(config, tmp_path / 'run')
    assert training.finish() == [0], training.output()
    named = (tmp_path / 'run' / 'broken_images.txt').read_text()
    assert '03.png' in named and '05.png' in named and len(named.splitlines()) == 2
    assert max(training.steps()) == 12


def test_too_many_broken_images_end_the_run_with_their_names_and_a_checkpoint(faces, tmp_path):
    mine, config = own_faces(faces, tmp_path, 'custom_hooks[1]["max_share"] = 0.05\n')
    (mine / '03.png').write_bytes(b'')
    training = Training(config, tmp_path / 'run')
    assert training.finish() == [1], training.output()
    assert '03.png' in training.output() and 'more than max_share' in training.output()
    assert training.last_checkpoint()['meta']['iter'] == 4
