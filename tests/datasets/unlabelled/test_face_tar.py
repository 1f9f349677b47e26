"""FaceTar: tar files of every kind, whole and damaged, alone and as shards, indexed once, with everything FaceFolder does."""

import copy
import gzip
import io
import os
import pickle
import tarfile
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch.distributed as dist
import torch.multiprocessing as mp
from archive_bytes import gnu_long, member, noise, padded, pax, tar_header, write_tar
from mmengine.dataset import ConcatDataset, default_collate
from torch.utils.data import DataLoader

from fra_plugin.datasets import BrokenImageError, FaceFolder, FaceTar, LoadFace, replaced_images
from fra_plugin.datasets.image_files import LeftOut
from fra_plugin.datasets.unlabelled import face_tar, folder_scan, folder_stamp, tar_file
from fra_plugin.datasets.unlabelled.tar_file import files_in

PACKED = [dict(type='LoadFace'), dict(type='PackInputs')]
LONG = 'n000002/' + 'a' * 150 + '/0001_01.jpg'


@pytest.fixture(autouse=True)
def settled_at_once(monkeypatch):
    """The archives of these tests have always just changed."""
    monkeypatch.setattr(folder_stamp, 'SETTLED_SECONDS', -0.1)


def names(dataset):
    return [dataset.get_data_info(i)['img_path'][len(dataset.img_prefix) + 1 :] for i in range(len(dataset))]


def pixels(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def files(path):
    """What the index finds: names and contents."""
    data, left_out = Path(path).read_bytes(), LeftOut()
    return [(os.fsdecode(name), data[at : at + size]) for name, at, size in files_in(str(path), left_out)], str(
        left_out
    )


@pytest.fixture
def archive(tmp_path):
    """Six faces of two people."""
    faces = [member(f'train/n{i // 3:06d}/{i:04d}_01.jpg', noise(i)) for i in range(6)]
    return write_tar(tmp_path / 'faces.tar', [member('train/', kind=b'5'), *faces])


@pytest.fixture
def shards(tmp_path):
    """Six faces in three WebDataset shards, each with a label beside it."""
    for shard in range(3):
        pairs = [(f'{i:06d}', noise(i)) for i in (2 * shard, 2 * shard + 1)]
        parts = [member(f'{key}.{end}', data) for key, image in pairs for end, data in (('jpg', image), ('cls', b'7'))]
        write_tar(tmp_path / f'shards/{shard:05d}.tar', parts)
    return tmp_path / 'shards'


@pytest.fixture
def walks(monkeypatch):
    """The archives that were walked through, one entry a walk."""
    seen = []
    monkeypatch.setattr(face_tar, 'files_in', lambda path, left_out: seen.append(path) or files_in(path, left_out))
    return seen


def test_the_images_come_in_the_order_of_the_archive(archive):
    dataset = FaceTar(str(archive.parent), 'faces.tar', pipeline=[LoadFace()])
    assert names(dataset) == [f'train/n{i // 3:06d}/{i:04d}_01.jpg' for i in range(6)]
    for i, sample in enumerate(dataset):
        assert np.array_equal(sample['img'], pixels(noise(i)))
        assert sample['sample_idx'] == i and 'read_bytes' not in sample


def test_a_folder_in_the_archive_is_the_root_of_the_names(archive):
    (archive.parent / 'boxes.csv').write_text('NAME_ID,X,Y,W,H\n"n000000/0001_01",10,20,20,10\n')
    dataset = FaceTar(
        str(archive.parent), 'faces.tar', folder='/train/', boxes='boxes.csv', box_margin=0, pipeline=[LoadFace()]
    )
    assert names(dataset)[1] == 'train/n000000/0001_01.jpg'
    assert dataset.get_data_info(1)['bbox'] == (10, 15, 30, 35) and dataset[1]['img'].shape == (20, 20, 3)
    assert len(FaceTar(str(archive.parent), 'faces.tar', folder='train/n000001')) == 3
    with pytest.raises(ValueError, match=r"faces.tar, folder 'n000001': no image found in 1 archives"):
        FaceTar(str(archive.parent), 'faces.tar', folder='n000001')


def test_shards_are_one_data_set(shards, monkeypatch):
    lines = []
    monkeypatch.setattr(folder_scan, 'print_log', lambda message, *args: lines.append(message))
    dataset = FaceTar(str(shards), pipeline=[LoadFace()])
    assert names(dataset) == [f'{i // 2:05d}.tar/{i:06d}.jpg' for i in range(6)]
    assert all(np.array_equal(sample['img'], pixels(noise(i))) for i, sample in enumerate(dataset))
    assert lines == [f'{shards}: left out: files with another ending: 6 (such as 000000.cls)']
    (shards / 'boxes.csv').write_text('NAME_ID,X,Y,W,H\n00001.tar/000003,1,2,3,4\n')
    (shards / 'list.txt').write_text('00001.tar/000003.jpg\n00000.tar/000000.jpg\n')
    dataset = FaceTar(str(shards), ann_file='list.txt', boxes='boxes.csv', box_margin=0, pipeline=[LoadFace()])
    assert names(dataset) == ['00001.tar/000003.jpg', '00000.tar/000000.jpg']
    assert dataset.get_data_info(0)['bbox'] == (0.5, 2, 4.5, 6) and dataset[1]['img'].shape == (48, 48, 3)


# Formats


def test_what_this_file_writes_is_read_by_tarfile(tmp_path):
    parts = [
        member('a.jpg', b'1'),
        gnu_long(LONG, b'22'),
        pax(dict(path=LONG, mtime=1.5)) + member('x.jpg', b'333'),
        member('c.jpg', b'4' * 513, prefix=b'very/long'),
        member('d/', kind=b'5'),
        member('e.jpg', b'5', magic=b'ustar  \0'),
    ]
    path = write_tar(tmp_path / 'a.tar', parts)
    with tarfile.open(path) as archive:
        expected = [(item.name, archive.extractfile(item).read()) for item in archive if item.isfile()]
    assert [name for name, _ in expected] == ['a.jpg', LONG, LONG, 'very/long/c.jpg', 'e.jpg']
    assert files(path) == (expected, '')


@pytest.mark.parametrize('window', [600, 3000, 1 << 20])
@pytest.mark.parametrize('format', [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_everything_that_tarfile_writes_is_found(tmp_path, format, window, monkeypatch):
    """With names of any length and letters, times that are no whole seconds (a pax header each), and files of any size."""
    monkeypatch.setattr(tar_file, 'WINDOW', window)
    rng = np.random.default_rng(0)
    with tarfile.open(tmp_path / 'a.tar', 'w', format=format) as archive:
        for i in range(60):
            length = int(rng.integers(1, 90 if format == tarfile.USTAR_FORMAT else 400))
            info = tarfile.TarInfo('ü' * (i % 3) + '/'.join('x' * 40 for _ in range(length // 41)) + f'/{i}.jpg')
            data = rng.bytes(int(rng.choice([0, 1, 511, 512, 513, 5000])))
            info.size, info.mtime = len(data), float(i) / (1 + i % 2)
            archive.addfile(info, io.BytesIO(data))
            if i % 7 == 0:
                for kind in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
                    other = tarfile.TarInfo(f'{i}/{kind.decode()}')
                    other.type, other.linkname = kind, 'y' * 30
                    archive.addfile(other)
    with tarfile.open(tmp_path / 'a.tar') as archive:
        expected = [(item.name, archive.extractfile(item).read()) for item in archive if item.isreg()]
    found, left_out = files(tmp_path / 'a.tar')
    assert found == expected and len(found) == 60
    assert 'links to files: 18' in left_out and 'pipes, sockets or devices: 9' in left_out


def test_the_oldest_format_is_read(tmp_path):
    parts = [
        member('d/', kind=b'\0', magic=b'\0' * 8),
        member('d/a.jpg', noise(1), kind=b'\0', magic=b'\0' * 8),
        member('d/b.jpg', noise(2), kind=b'7', magic=b'\0' * 8),
    ]
    assert files(write_tar(tmp_path / 'a.tar', parts))[0] == [('d/a.jpg', noise(1)), ('d/b.jpg', noise(2))]


def test_a_name_or_size_in_a_pax_header_counts_for_the_next_file_only(tmp_path):
    parts = [
        pax(dict(comment='all files'), kind=b'g'),
        pax(dict(path='ü/1.jpg', size=5, uid=7)) + member('x', b'12345'),
        member('2.jpg', b'678'),
        pax({'path': 'holes.jpg', 'GNU.sparse.major': 1}) + member('GNUSparseFile.0/3.jpg', b'9'),
        member('4.jpg', b'10'),
    ]
    found, left_out = files(write_tar(tmp_path / 'a.tar', parts))
    assert found == [('ü/1.jpg', b'12345'), ('2.jpg', b'678'), ('4.jpg', b'10')]
    assert left_out == 'files of 8 GiB and more or with holes: 1 (holes.jpg)'


def test_a_file_of_more_than_8_gib_is_passed(tmp_path):
    """Most of it is a hole on this disk."""
    large = 9 * 2**30
    with open(tmp_path / 'a.tar', 'wb') as file:
        for i, front in enumerate((b'', pax(dict(size=large)))):
            file.write(front + tar_header(b'video.bin', large if not front else 0))
            file.seek(large, os.SEEK_CUR)
            file.write(member(f'{i}.jpg', noise(i)))
    found, offsets = [], []
    for name, offset, size in files_in(str(tmp_path / 'a.tar'), LeftOut()):
        found.append((name, size))
        offsets.append(offset)
    assert found == [(b'video.bin', large), (b'0.jpg', len(noise(0))), (b'1.jpg', len(noise(1)))]
    dataset = FaceTar(str(tmp_path), 'a.tar', pipeline=[LoadFace()])
    assert np.array_equal(dataset[1]['img'], pixels(noise(1))) and offsets[2] > 2 * large


def test_a_sparse_file_of_gnu_tar_is_passed(tmp_path):
    header = bytearray(tar_header(b'holes.jpg', 512, b'S', magic=b'ustar  \0'))
    header[482] = 1  # the map of the holes goes on
    header[148:156] = b'%06o\0 ' % (sum(header) - sum(header[148:156]) + 8 * 32)
    more = bytes(504) + b'\1' + bytes(7)
    path = write_tar(
        tmp_path / 'a.tar', [bytes(header), more, bytes(512), padded(b'data' * 128), member('b.jpg', b'1')]
    )
    assert files(path) == ([('b.jpg', b'1')], 'files of 8 GiB and more or with holes: 1 (holes.jpg)')


def test_archives_behind_each_other_count_as_one(tmp_path):
    """`cat a.tar b.tar`, each with the blanks at its end."""
    one, other = (member(f'{i}.jpg', noise(i)) + bytes(10240) for i in range(2))
    assert [name for name, _ in files(write_tar(tmp_path / 'a.tar', [one, other]))[0]] == ['0.jpg', '1.jpg']


def test_an_archive_in_an_archive_is_a_file(tmp_path):
    inner = member('inner.jpg', noise(0)) * 2
    path = write_tar(tmp_path / 'a.tar', [member('0.jpg', b'1'), member('b.tar', inner), member('2.jpg', b'2')])
    assert [name for name, _ in files(path)[0]] == ['0.jpg', 'b.tar', '2.jpg']


def test_names_are_cleaned_and_what_is_hidden_is_left_out(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(folder_scan, 'print_log', lambda message, *args: lines.append(message))
    odd = ['./a/1.jpg', '/etc/2.JPG', 'with space/3 4 5.jpg', 'new\nline.jpg', 'ß漢.png']
    out = ['._1.jpg', 'a/.hidden/1.jpg', '../secret.jpg', '@eaDir/1.jpg', 'a/1.txt']
    write_tar(tmp_path / 'a.tar', [member(name, noise(0)) for name in odd + out] + [member('l.jpg', kind=b'2')])
    dataset = FaceTar(str(tmp_path), 'a.tar', pipeline=[LoadFace()])
    assert names(dataset) == ['a/1.jpg', 'etc/2.JPG', *odd[2:]]
    assert all(sample['img'].shape == (48, 48, 3) for sample in dataset)
    for part in (
        'hidden files or folders: 3 (such as ._1.jpg)',
        'folders of the system: 1 (@eaDir/1.jpg)',
        'files with another ending: 1 (a/1.txt)',
        'links to files: 1 (l.jpg)',
    ):
        assert part in lines[0]


# Wrong archives


@pytest.mark.parametrize(
    'data, message',
    [
        (gzip.compress(member('a.jpg'), mtime=0), r'a.tar: this is a compressed archive, .*gunzip .*a.tar'),
        (b'BZh91AY&SY', 'this is a compressed archive'),
        (b'\xfd7zXZ\0', 'this is a compressed archive'),
        (b'\x28\xb5\x2f\xfd', 'this is a compressed archive'),
        (b'PK\3\4' + b'x' * 600, 'a.tar: this is no tar file'),
        (noise(0), 'a.tar: this is no tar file'),
        (bytes(10240), 'a.tar: this is no tar file'),
        (b'', 'a.tar: no image found in 1 archives; expected files ending in .bmp, '),
        (member('a.txt', b'x'), r'no image found .*; left out: files with another ending: 1 \(a.txt\)'),
        (
            member('a.jpg', noise(0))[:-512],
            r'a.tar: ends at byte [\d,]+ in the middle of a.jpg; is the download complete',
        ),
        (member('a.jpg', b'1') + member('b.jpg')[:300], r'a.tar: ends at byte 1,324 in a header; is the download'),
    ],
)
def test_a_wrong_archive_is_refused_in_one_line(tmp_path, data, message):
    (tmp_path / 'a.tar').write_bytes(data)
    with pytest.raises(ValueError, match=message) as error:
        FaceTar(str(tmp_path), 'a.tar')
    assert '\n' not in str(error.value)


def test_missing_archives_say_what_was_expected(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none.tar: no such file or folder; expected a tar file, or a folder'):
        FaceTar(str(tmp_path), 'none.tar')
    with pytest.raises(FileNotFoundError, match='data_prefix: no such file'):
        FaceTar()
    with pytest.raises(ValueError, match=r'expected files that end in .tar, found none of them$'):
        FaceTar(str(tmp_path))
    (tmp_path / 'a.tar.gz').touch()
    with pytest.raises(ValueError, match=r'found none of them; a.tar.gz is compressed: unpack the compression'):
        FaceTar(str(tmp_path))


@pytest.mark.parametrize('place', [0, 124, 148, 156, 300])
def test_a_damaged_header_costs_its_file_only(tmp_path, place, monkeypatch):
    lines = []
    monkeypatch.setattr(folder_scan, 'print_log', lambda message, *args: lines.append((message, args[-1])))
    parts = [member(f'{i}.jpg', noise(i)) for i in range(5)]
    data = bytearray(b''.join(parts))
    data[len(parts[0]) + len(parts[1]) + place] ^= 0x55
    (tmp_path / 'a.tar').write_bytes(data)
    dataset = FaceTar(str(tmp_path), 'a.tar', pipeline=PACKED, test_mode=True)
    if place in (0, 148, 300):  # the chain is whole, so its file is found, and refused when it is read
        with pytest.raises(BrokenImageError, match='the archive has changed'):
            dataset[2]
        assert len(dataset) == 5 and not lines
        return
    assert names(dataset) == ['0.jpg', '1.jpg', '3.jpg', '4.jpg']
    at = len(parts[0]) + len(parts[1])
    assert lines == [(f'{tmp_path}/a.tar: left out: damaged headers of an archive: 1 (at byte {at})', 30)]


@pytest.mark.parametrize(
    'text', [b'8 path=a\n', b'x path=a\n', b'-9 path=a\n', b'0 path=a\n', b'12 path=a\0b\n', b'9 size=x\n', b'9' * 5000]
)
def test_a_damaged_pax_header_is_counted(tmp_path, text):
    path = write_tar(tmp_path / 'a.tar', [member('x', text, b'x') + member('1.jpg', b'1'), member('2.jpg', b'2')])
    found, left_out = files(path)
    assert found == [('1.jpg', b'1'), ('2.jpg', b'2')]
    assert left_out == 'damaged headers of an archive: 1 (at byte 0)'


# Broken images


def test_a_damaged_image_is_replaced_and_named(archive):
    data = bytearray(archive.read_bytes())
    at = data.index(noise(2))
    data[at : at + len(noise(2))] = bytes(len(noise(2)))
    archive.write_bytes(data)
    dataset = FaceTar(str(archive.parent), 'faces.tar', pipeline=PACKED)
    loader = DataLoader(dataset, batch_size=3, num_workers=2, collate_fn=default_collate)
    samples = [sample for batch in loader for sample in batch['data_samples']]
    skipped = {i: sample.skipped_files for i, sample in enumerate(samples) if 'skipped_files' in sample}
    assert list(skipped) == [2] and skipped[2][0][0] == f'{archive}/train/n000000/0002_01.jpg'
    with pytest.raises(BrokenImageError, match=r'faces.tar/train/n000000/0002_01.jpg: not an image of the formats'):
        FaceTar(str(archive.parent), 'faces.tar', pipeline=PACKED, test_mode=True)[2]


def test_an_archive_that_changes_while_it_is_used_is_noticed_at_each_read(archive):
    dataset = FaceTar(str(archive.parent), 'faces.tar', pipeline=PACKED, test_mode=True)
    data = archive.read_bytes()
    archive.write_bytes(data[:512] + member('new.jpg', b'1') + data[512:])
    with pytest.raises(BrokenImageError, match=r'0003_01.jpg: the archive has changed: it has no file of [\d,]+ bytes'):
        dataset[3]
    archive.write_bytes(data[:5000])
    with pytest.raises(BrokenImageError, match='the archive has changed'):
        dataset[5]


# The cache


def test_the_second_start_does_not_walk(shards, walks):
    first = FaceTar(str(shards))
    second = FaceTar(str(shards), pipeline=[LoadFace()])
    assert names(first) == names(second) and len(walks) == 3
    assert [path.suffix for path in shards.parent.glob('.shards.*')] == ['.npz'], 'beside the folder'
    assert np.array_equal(second[5]['img'], pixels(noise(5)))


@pytest.mark.parametrize(
    'change', ['another image', 'the same times', 'a shard more', 'a shard less', 'renamed', 'a list']
)
def test_a_change_is_seen(shards, walks, change):
    (shards / 'list.txt').write_text('00000.tar/000000.jpg\n')
    options = dict(ann_file='list.txt') if change == 'a list' else {}
    before = names(FaceTar(str(shards), **options))
    time.sleep(0.01)
    path, times = shards / '00001.tar', (shards / '00001.tar').stat()
    if change in ('another image', 'the same times'):
        path.write_bytes(tar_header(b'000009.jpg', len(noise(2))) + path.read_bytes()[512:])
        if change == 'the same times':
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    elif change == 'a shard more':
        write_tar(shards / '00003.tar', [member('000006.jpg', noise(6))])
    elif change == 'a shard less':
        path.unlink()
    elif change == 'renamed':
        path.rename(shards / '00009.tar')
    else:
        (shards / 'list.txt').write_text('00000.tar/000001.jpg\n')
    walks.clear()
    after = names(FaceTar(str(shards), **options))
    assert walks and after != before


def test_an_archive_that_has_just_changed_is_walked_through_again(archive, walks, monkeypatch):
    monkeypatch.setattr(folder_stamp, 'SETTLED_SECONDS', 2)
    for _ in range(2):
        FaceTar(str(archive.parent), 'faces.tar')
    assert len(walks) == 2 and not list(archive.parent.glob('.faces.*'))


def test_a_damaged_cache_is_replaced(archive, walks):
    expected = names(FaceTar(str(archive.parent), 'faces.tar'))
    (cache,) = archive.parent.glob('.faces.tar.*')
    cache.write_bytes(cache.read_bytes()[:100])
    assert names(FaceTar(str(archive.parent), 'faces.tar')) == expected and len(walks) == 2


def test_a_walk_shows_its_progress(tmp_path, monkeypatch):
    write_tar(tmp_path / 'a.tar', [member(f'{i}.jpg', b'x') for i in range(5000)])
    lines = []
    monkeypatch.setattr(face_tar, 'PROGRESS_SECONDS', -1)
    monkeypatch.setattr(face_tar, 'print_log', lambda message, *args: lines.append(message))
    assert len(FaceTar(str(tmp_path), 'a.tar')) == 5000
    assert lines[-1] == f'Indexing {tmp_path}/a.tar: 4,096 files, 4 MiB'


# As FaceFolder


def test_a_wrong_list_names_the_line(archive):
    (archive.parent / 'list.txt').write_text('train/n000000/0001_01.jpg\ntrain/none.jpg\n')
    with pytest.raises(FileNotFoundError, match=r"list.txt:2: 'train/none.jpg' is not in .*faces.tar"):
        FaceTar(str(archive.parent), 'faces.tar', 'list.txt')
    (archive.parent / 'list.txt').write_text('\n')
    with pytest.raises(ValueError, match='list.txt: the list is empty'):
        FaceTar(str(archive.parent), 'faces.tar', 'list.txt')
    with pytest.raises(FileNotFoundError, match='none.txt'):
        FaceTar(str(archive.parent), 'faces.tar', 'none.txt')


@pytest.mark.parametrize('indices, expected', [(2, [0, 1]), (-1, [5]), ([3, 0], [3, 0])])
def test_a_share_of_the_images(shards, indices, expected):
    everything = names(FaceTar(str(shards)))
    assert names(FaceTar(str(shards), indices=indices)) == [everything[i] for i in expected]
    subset = FaceTar(str(shards), pipeline=[LoadFace()]).get_subset(indices)
    assert np.array_equal(subset[0]['img'], pixels(noise(expected[0])))


def test_it_works_in_a_wrapper_beside_files(archive, tmp_path):
    (tmp_path / 'files').mkdir()
    (tmp_path / 'files/1.jpg').write_bytes(noise(99))
    both = ConcatDataset([
        dict(type='FaceTar', data_root=str(archive.parent), data_prefix='faces.tar', pipeline=PACKED, _scope_='mmpretrain'),
        dict(type='FaceFolder', data_root=str(tmp_path / 'files'), pipeline=PACKED, _scope_='mmpretrain')])  # yapf: disable
    assert len(both) == 7 and both[5]['data_samples'].img_path.endswith('faces.tar/train/n000001/0005_01.jpg')


def test_more_archives_than_may_be_open(shards, monkeypatch):
    monkeypatch.setattr('fra_plugin.datasets.unlabelled.open_files.MOST', 2)
    dataset = FaceTar(str(shards), pipeline=[LoadFace()])
    before = len(os.listdir('/proc/self/fd'))
    for i in [0, 2, 4, 1, 3, 5, 0]:
        assert np.array_equal(dataset[i]['img'], pixels(noise(i)))
    assert len(os.listdir('/proc/self/fd')) <= before + 2
    for twin in (pickle.loads(pickle.dumps(dataset)), copy.deepcopy(dataset)):
        assert not twin.files._handles and np.array_equal(twin[3]['img'], pixels(noise(3)))


def test_a_disk_that_comes_back_is_waited_for(archive, monkeypatch):
    dataset = FaceTar(str(archive.parent), 'faces.tar', pipeline=PACKED, patience=60.0)
    slept = []
    monkeypatch.setattr(replaced_images.time, 'sleep', lambda seconds: slept.append(seconds) or sum(slept) > 10 and (
        (archive.parent / 'gone').rename(archive) if not archive.exists() else None))  # yapf: disable
    monkeypatch.setattr(replaced_images.time, 'monotonic', lambda: 1000.0 + sum(slept))
    archive.rename(archive.parent / 'gone')
    sample = dataset[2]['data_samples']
    assert sample.sample_idx == 2 and 'skipped_files' not in sample and 10 < sum(slept) < 30
    archive.rename(archive.parent / 'gone')
    dataset.files = type(dataset.files)()
    monkeypatch.setattr(replaced_images.time, 'sleep', slept.append)
    with pytest.raises(RuntimeError, match=r'faces.tar could not be read for \d+ s \(No such file or directory'):
        dataset[2]


def second_process_has_no_archive(rank, store, root, out):
    dist.init_process_group('gloo', init_method=f'file://{store}', rank=rank, world_size=2)
    if rank == 1:
        face_tar.ScanCache = face_tar.files_in = None  # it must not look
    lines = []
    for prefix in ('shards', 'none'):
        try:
            dataset = FaceTar(root, prefix, pipeline=PACKED)
            lines += names(dataset) + [str(int(dataset[3]['inputs'].sum()))]
        except FileNotFoundError as error:
            lines.append(str(error))
    Path(out, str(rank)).write_text('\n'.join(lines))


def test_two_processes_share_the_index_or_the_error(shards, tmp_path):
    arguments = (str(tmp_path / 'store'), str(tmp_path), str(tmp_path))
    mp.start_processes(second_process_has_no_archive, args=arguments, nprocs=2, start_method='fork')
    lines = (tmp_path / '0').read_text().split('\n')
    assert lines[:6] == names(FaceTar(str(shards))) and 'no such file' in lines[-1]
    assert (tmp_path / '1').read_text().split('\n') == lines


def test_the_same_faces_as_from_files(archive, tmp_path):
    with tarfile.open(archive) as source:
        source.extractall(tmp_path / 'files')
    tar, folder = FaceTar(str(archive), pipeline=PACKED), FaceFolder('', str(tmp_path / 'files'), pipeline=PACKED)
    assert names(tar) == names(folder)
    assert all((one['inputs'] == other['inputs']).all() for one, other in zip(tar, folder))
