"""Stamps of folders: a change is seen whatever the times say, and nothing is trusted that can't tell."""

import os
import shutil
import subprocess
import time

import pytest

from fra_plugin.datasets import FaceFolder
from fra_plugin.datasets.unlabelled import folder_stamp
from fra_plugin.datasets.unlabelled.folder_stamp import FolderStamp, file_system, reason_for_distrust

LONG_AGO = 10**18  # ns


@pytest.fixture(autouse=True)
def settled_at_once(monkeypatch):
    monkeypatch.setattr(folder_stamp, 'SETTLED_SECONDS', -0.1)


@pytest.fixture
def root(tmp_path):
    """A folder with a folder with two faces, all times of last change long ago."""
    fill(tmp_path / 'faces', '0.jpg', '1.jpg')
    FaceFolder(data_prefix=str(tmp_path / 'faces'))
    return tmp_path / 'faces'


def fill(root, *names):
    (root / 'n01').mkdir(parents=True, exist_ok=True)
    for name in names:
        (root / 'n01' / name).touch()
    for folder in (root / 'n01', root):
        time.sleep(0.012)  # the clock of the kernel has steps of up to 10 ms
        os.utime(folder, ns=(LONG_AGO, LONG_AGO))


def count(root):
    return len(FaceFolder(data_prefix=str(root)))


def set_back(root):
    fill(root, '2.jpg')


def tar(root):
    fill(root.parent / 'other', '2.jpg')
    subprocess.run(
        f'tar -C {root.parent}/other -cf - n01 | tar -C {root} -xf - && touch -d @1000000000 {root}',
        shell=True,
        check=True,
    )


def copy(root):
    fill(root.parent / 'other', '2.jpg')
    subprocess.run(['cp', '-a', f'{root.parent}/other/.', str(root)], check=True)


def replaced(root):
    fill(root.parent / 'other', '0.jpg', '1.jpg', '2.jpg')
    shutil.rmtree(root / 'n01')
    (root.parent / 'other' / 'n01').rename(root / 'n01')
    fill(root)


@pytest.mark.parametrize('change', [set_back, tar, copy, replaced])
def test_faces_that_come_with_old_times_are_seen(root, change):
    assert count(root) == 2
    change(root)
    assert (root / 'n01').stat().st_mtime_ns == root.stat().st_mtime_ns == LONG_AGO
    assert count(root) == 3


def test_an_unchanged_folder_is_not_read_again(root, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr('os.scandir', None)
        assert count(root) == 2


def test_a_bucket_is_read_at_every_start(root, monkeypatch):
    """A mounted bucket shows the same stamp whatever is in it."""
    monkeypatch.setattr(folder_stamp, 'file_system', lambda path: 'fuse.s3fs')
    stamps = {}
    original = folder_stamp.folder_stamp
    for module in ('folder_stamp', 'folder_scan'):
        monkeypatch.setattr(
            f'fra_plugin.datasets.unlabelled.{module}.folder_stamp',
            lambda path: stamps.setdefault(path, original(path)),
        )
    os.utime(root)
    assert count(root) == 2
    stamps_before = dict(stamps)
    set_back(root)
    assert count(root) == 3
    assert stamps == stamps_before


def test_one_time_for_all_folders_is_not_trusted(root):
    stamps = {name: FolderStamp(ctime=1, mtime=1, inode=i, size=0, links=1) for i, name in enumerate(['', 'n01'])}
    assert reason_for_distrust(str(root), stamps) == 'all folders have the same time'
    stamps['n01'] = stamps['n01']._replace(ctime=2)
    assert reason_for_distrust(str(root), stamps) == ''
    assert reason_for_distrust(str(root), dict(stamps, n01=None)) == 'a folder has just changed'


def test_a_folder_on_another_file_system_counts(root, monkeypatch):
    monkeypatch.setattr(folder_stamp, '_device', lambda path: path.endswith('n01'))
    monkeypatch.setattr(folder_stamp, 'file_system', lambda path: 'fuse.gcsfuse' if path.endswith('n01') else 'ext4')
    stamps = {name: FolderStamp(i, 0, 0, 0, 0) for i, name in enumerate(['', 'n01'])}
    assert 'fuse.gcsfuse is not known' in reason_for_distrust(str(root), stamps)


@pytest.mark.parametrize(
    'path, kind',
    [
        ('/data', 'ext4'),
        ('/mnt/bucket', 'fuse.s3fs'),
        ('/mnt/bucket/faces', 'fuse.s3fs'),
        ('/mnt/bucket2', 'ext4'),
        ('/mnt/my disk/a', 'vfat'),
        ('/mnt/over/a', 'nfs4'),
    ],
)
def test_the_file_system_is_that_of_the_nearest_mount(tmp_path, monkeypatch, path, kind):
    monkeypatch.setattr(folder_stamp, 'MOUNTS', str(tmp_path / 'mounts'))
    (tmp_path / 'mounts').write_text(
        '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n'
        '28 27 0:25 / /mnt/bucket rw shared:7 master:2 - fuse.s3fs s3fs rw\n'
        '29 27 0:26 / /mnt/my\\040disk rw - vfat /dev/sdb1 rw\n'
        '30 27 0:27 / /mnt/over rw - xfs /dev/sdc rw\n'
        '31 30 0:28 / /mnt/over rw - nfs4 server:/ rw\n'
    )
    assert file_system(path) == kind
    monkeypatch.setattr(folder_stamp, 'MOUNTS', str(tmp_path / 'none'))
    assert file_system(path) == 'unknown'
