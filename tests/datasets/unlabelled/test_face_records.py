"""FaceRecords: MXNet's record files as InsightFace and im2rec write them, damaged ones, and everything FaceFolder does."""

import copy
import errno
import os
import pickle
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch.distributed as dist
import torch.multiprocessing as mp
from archive_bytes import MAGIC, face_data, jpeg, noise, part, record, write_pack, write_records
from mmengine.dataset import ConcatDataset, default_collate
from torch.utils.data import DataLoader

from fra_plugin.datasets import BrokenImageError, FaceFolder, FaceRecords, LoadFace, replaced_images
from fra_plugin.datasets.transforms.plain_faces import spread_faces
from fra_plugin.datasets.unlabelled import open_files
from fra_plugin.datasets.unlabelled.record_file import read_index

PACKED = [dict(type='LoadFace'), dict(type='PackInputs')]


@pytest.fixture
def pack(tmp_path):
    """Ten faces of two people."""
    path = tmp_path / 'ms1mv3/train.rec'
    write_pack(path, [noise(i) for i in range(10)])
    return path


def keys(dataset):
    return [dataset.get_data_info(i)['img_path'].rpartition('/')[2] for i in range(len(dataset))]


def pixels(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def test_the_faces_of_a_pack_come_in_its_order_without_the_records_of_identities(pack):
    dataset = FaceRecords(str(pack.parent), pipeline=[LoadFace()])
    assert keys(dataset) == [str(key) for key in range(1, 11)]
    for i in range(10):
        sample = dataset[i]
        assert np.array_equal(sample['img'], pixels(noise(i)))
        assert sample['img_path'] == f'{pack}/{i + 1}' and sample['sample_idx'] == i
        assert 'read_bytes' not in sample, 'what stays in the sample goes through every transform'
    assert np.array_equal(dataset[-1]['img'], pixels(noise(9)))


def test_the_same_faces_as_from_files(pack, tmp_path):
    (tmp_path / 'files').mkdir()
    for i in range(10):
        (tmp_path / f'files/{i}.jpg').write_bytes(noise(i))
    records, files = (
        FaceRecords(str(pack.parent), pipeline=PACKED),
        FaceFolder(str(tmp_path / 'files'), pipeline=PACKED),
    )
    assert all((one['inputs'] == other['inputs']).all() for one, other in zip(records, files))


@pytest.mark.parametrize('order', [[0, 1, 2, 3, 4, 5], [4, 3, 0, 2, 5, 1], [5, 4, 3, 2, 1, 0]])
def test_the_records_of_identities_may_lie_anywhere(tmp_path, order):
    records = [(0, face_data(b'', (4.0, 6.0)))] + [
        (key, face_data(noise(key) if key < 4 else b'')) for key in range(1, 6)
    ]
    write_records(tmp_path / 'train.rec', [records[i] for i in order])
    dataset = FaceRecords(str(tmp_path), pipeline=[LoadFace()])
    assert keys(dataset) == [str(key) for key in order if 1 <= key < 4]
    for sample in dataset:
        assert np.array_equal(sample['img'], pixels(noise(int(sample['img_path'].rpartition('/')[2]))))


@pytest.mark.parametrize('labels', [(3.0,), (1.0, 2.0, 3.0)])
def test_records_without_a_header_are_all_images(tmp_path, labels):
    """As im2rec writes them, with one label or several, and keys as they come."""
    path = tmp_path / 'faces.rec'
    write_records(path, [(key, face_data(noise(key), labels)) for key in (0, 7, 3)])
    dataset = FaceRecords(data_prefix=str(path), pipeline=[LoadFace()])
    assert keys(dataset) == ['0', '7', '3']
    assert np.array_equal(dataset[1]['img'], pixels(noise(7)))


@pytest.mark.parametrize('number', [1, 2, 5])
def test_a_record_of_several_parts_is_joined(tmp_path, number):
    """MXNet splits a record where its data hold the magic number at a multiple of 4."""
    image = jpeg()
    extra = (MAGIC + b'abcd') * number
    comment = (
        b'\xff\xfe' + struct.pack('>H', len(extra) + 2 + 2) + b'xx' + extra
    )  # behind the first two bytes of the JPEG
    image = image[:2] + comment + image[2:]
    image = image[:2] + comment[:6] + extra + image[2 + 6 + len(extra) :]
    data = face_data(image)
    written = record(data)
    assert written.count(MAGIC) == number + 1 and written[4 + 3] >> 5 == 1
    path = tmp_path / 'train.rec'
    path.write_bytes(record(face_data(jpeg())) + written)
    path.with_suffix('.idx').write_text(f'1\t0\n2\t{len(record(face_data(jpeg())))}\n')
    dataset = FaceRecords(str(tmp_path), pipeline=[LoadFace()])
    assert dataset.get_data_info(1)['read_bytes']() == image
    assert dataset[1]['img'].shape == (6, 8, 3)


def test_a_face_larger_than_one_read(tmp_path, monkeypatch):
    write_pack(tmp_path / 'train.rec', [noise(i, 300) for i in range(3)])
    expected = [noise(i, 300) for i in range(3)]
    for at_once in (8, 9, 40, 16384):
        monkeypatch.setattr('fra_plugin.datasets.unlabelled.record_file.AT_ONCE', at_once)
        dataset = FaceRecords(str(tmp_path))
        assert [dataset.get_data_info(i)['read_bytes']() for i in range(3)] == expected


# The index


@pytest.mark.parametrize('text', ['1 0\n\n  2   {0}\r\n', '1\t0\r\n2\t{0}\r\n', '1\t0\n2\t{0}', '01\t00\n2\t{0}\n'])
def test_an_index_that_was_edited_is_read(tmp_path, text):
    first = record(face_data(noise(1)))
    (tmp_path / 'train.rec').write_bytes(first + record(face_data(noise(2))))
    (tmp_path / 'train.idx').write_bytes(text.format(len(first)).encode())
    dataset = FaceRecords(str(tmp_path), pipeline=[LoadFace()])
    assert [np.array_equal(sample['img'], pixels(noise(i))) for i, sample in zip((1, 2), dataset)] == [True, True]


@pytest.mark.parametrize(
    'text, message',
    [
        ('', 'train.idx: the index is empty'),
        ('\n\n', 'train.idx: the index is empty'),
        ('1\t0\n2\n', r"train.idx:2: expected the key and the byte .*got '2'"),
        ('1\t0\n2\t3\t4\n5\n', r"train.idx:2: .*got '2\\t3\\t4'"),
        ('1\t0\n2\t-3\n', 'train.idx:2'),
        ('1\t0\n2\t1e3\n', 'train.idx:2'),
        ('1\t0\n2\t9999999999999999999999\n', 'train.idx:2'),
        ('a\t0\n', 'train.idx:1'),
        ('1\t0\n1\t8\n', r'train.idx: 1 keys come twice, such as 1'),
        ('0\t0\n1\t99999999\n', r'names 1 of 2 records behind them, such as 1: is the download complete'),
        ('0\t4\n1\t12\n', r'train.rec: no record where .*train.idx says, such as at byte 4 for key 0'),
    ],
)
def test_a_wrong_index_names_the_file_and_the_line(pack, text, message):
    pack.with_suffix('.idx').write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        FaceRecords(str(pack.parent))
    assert '\n' not in str(error.value)


def test_a_binary_index_is_named(pack):
    pack.with_suffix('.idx').write_bytes(b'\xff\xfe1\x000\x00\n')
    with pytest.raises(ValueError, match='train.idx'):
        FaceRecords(str(pack.parent))


def test_missing_files_say_what_was_expected(pack):
    pack.with_suffix('.idx').unlink()
    with pytest.raises(FileNotFoundError, match=r'train.idx: no such file; a record file comes with its index'):
        FaceRecords(str(pack.parent))
    with pytest.raises(FileNotFoundError, match=r'none.rec: no such file; expected a record file such as train.rec'):
        FaceRecords(str(pack.parent), 'none.rec')
    with pytest.raises(FileNotFoundError, match='ms1mv3'):
        FaceRecords(data_prefix=str(pack.parent))


def test_a_download_that_has_not_ended_is_refused(pack):
    pack.write_bytes(pack.read_bytes()[: pack.stat().st_size // 2])
    with pytest.raises(ValueError, match=r'train.rec has [\d,]+ bytes, but .*train.idx names \d+ of 13 records'):
        FaceRecords(str(pack.parent))


def test_a_header_that_leaves_no_image_is_refused(tmp_path):
    write_records(tmp_path / 'train.rec', [(0, face_data(b'', (1.0, 3.0))), (1, face_data(noise(1)))])
    with pytest.raises(ValueError, match='record 0 says that images have the keys 1 to 0'):
        FaceRecords(str(tmp_path))


def test_a_plain_index_and_an_edited_one_are_the_same(tmp_path):
    lines = [(key, offset) for key, offset in zip(range(500), range(0, 10**13, 2 * 10**10))]
    (tmp_path / 'a.idx').write_text(''.join(f'{key}\t{offset}\n' for key, offset in lines))
    (tmp_path / 'b.idx').write_text(''.join(f'{key} {offset}\n' for key, offset in lines))
    for one, other in zip(read_index(str(tmp_path / 'a.idx')), read_index(str(tmp_path / 'b.idx'))):
        assert np.array_equal(one, other)
    assert read_index(str(tmp_path / 'a.idx')).offsets.tolist() == [offset for _, offset in lines]


# A share of the faces


def test_a_list_names_the_faces_in_its_order(pack):
    (pack.parent / 'list.txt').write_text('7\n\n2\r\n010\n')
    assert keys(FaceRecords(str(pack.parent), ann_file='list.txt')) == ['7', '2', '10']
    for line in ('0', '11', '../1', 'x', '1.5', '-1', '99999999999999999999'):
        (pack.parent / 'list.txt').write_text(f'7\n{line}\n')
        with pytest.raises(ValueError, match=r'list.txt:2: expected the key of a face in .*train.rec, 1 to 10'):
            FaceRecords(str(pack.parent), ann_file='list.txt')
    (pack.parent / 'list.txt').write_text('\n')
    with pytest.raises(ValueError, match='list.txt: the list is empty'):
        FaceRecords(str(pack.parent), ann_file='list.txt')
    with pytest.raises(FileNotFoundError, match='none.txt'):
        FaceRecords(str(pack.parent), ann_file='none.txt')


@pytest.mark.parametrize('indices, expected', [(2, ['1', '2']), (-1, ['10']), ([3, 0], ['4', '1'])])
def test_a_share_of_the_faces(pack, indices, expected):
    assert keys(FaceRecords(str(pack.parent), indices=indices)) == expected
    subset = FaceRecords(str(pack.parent), pipeline=[LoadFace()]).get_subset(indices)
    assert keys(subset) == expected and subset[0]['img'].shape == (48, 48, 3)


def test_boxes_are_found_by_key(pack):
    (pack.parent / 'boxes.csv').write_text('NAME_ID,X,Y,W,H\n3,10,20,20,10\n')
    dataset = FaceRecords(str(pack.parent), boxes='boxes.csv', box_margin=0.0, pipeline=[LoadFace()])
    assert dataset.get_data_info(2)['bbox'] == (10, 15, 30, 35) and 'bbox' not in dataset.get_data_info(1)
    assert dataset[2]['img'].shape == (20, 20, 3) and dataset[1]['img'].shape == (48, 48, 3)
    (pack.parent / 'list.txt').write_text('3\n')
    dataset = FaceRecords(str(pack.parent), boxes='boxes.csv', ann_file='list.txt', box_margin=0.0)
    assert dataset.get_data_info(0)['bbox'] == (10, 15, 30, 35)
    (pack.parent / 'boxes.csv').write_text('NAME_ID,X,Y,W,H\n11,10,20,20,10\n')
    with pytest.raises(ValueError, match='none of its 1 boxes .*expected NAME_ID such as 1'):
        FaceRecords(str(pack.parent), boxes='boxes.csv')


# Damaged records


def damage(path, offset, data):
    with open(path, 'r+b') as file:
        file.seek(offset)
        file.write(data)


DAMAGES = {
    'magic': (0, b'xxxx', 'no record begins at byte'),
    'kind of a part': (7, b'\x60', 'is damaged: part 3'),
    'length': (4, b'\xff\xff\xff\x1f', 'is damaged: part 0 of 536,870,911 bytes'),
    'shorter than its header': (4, b'\x10\0\0\0', 'the record has 16 bytes, expected at least 24'),
    'number of labels': (8, b'\xff\xff\xff\xff', 'names 4,294,967,295 labels'),
    'first of several parts, without the others': (7, b'\x20', 'is damaged: part 0'),
    'image': (32 + 8, b'not a face', 'not an image of the formats'),
    'all of the image': (32, bytes(5000), 'not an image of the formats'),
}


@pytest.mark.parametrize('kind', DAMAGES)
def test_a_damaged_record_is_a_broken_image(tmp_path, kind):
    offsets = write_pack(tmp_path / 'train.rec', [noise(i, 200) for i in range(6)])
    place, data, message = DAMAGES[kind]
    damage(tmp_path / 'train.rec', offsets[3] + place, data)
    with pytest.raises(BrokenImageError, match=f'train.rec/3: .*{message}') as error:
        FaceRecords(str(tmp_path), pipeline=PACKED, test_mode=True)[2]
    assert error.value.path == f'{tmp_path}/train.rec/3'
    sample = FaceRecords(str(tmp_path), pipeline=PACKED)[2]['data_samples']
    assert sample.skipped_files[0][0] == f'{tmp_path}/train.rec/3' and sample.sample_idx != 2


def test_a_record_that_the_file_cuts_is_a_broken_image(tmp_path):
    offsets = write_records(tmp_path / 'train.rec', [(1, face_data(noise(0))), (2, face_data(noise(1)))])
    for size in (offsets[1] + 300, offsets[1] + 8):
        os.truncate(tmp_path / 'train.rec', size)
        with pytest.raises(BrokenImageError, match='train.rec/2: the file ends in the middle of the record'):
            FaceRecords(str(tmp_path), pipeline=PACKED, test_mode=True)[1]


def test_a_record_without_an_image_is_a_broken_image(tmp_path):
    write_records(tmp_path / 'train.rec', [(5, face_data(noise(0))), (6, face_data(b''))])
    with pytest.raises(BrokenImageError, match='train.rec/6: the record holds no image'):
        FaceRecords(str(tmp_path), pipeline=PACKED, test_mode=True)[1]


def test_a_damaged_header_record_leaves_all_records(tmp_path):
    write_pack(tmp_path / 'train.rec', [noise(0), noise(1)])
    damage(tmp_path / 'train.rec', 0, b'xxxx')
    assert keys(FaceRecords(str(tmp_path))) == ['0', '1', '2', '3', '4']


def test_parts_in_a_wrong_order_are_a_broken_image(tmp_path):
    for kinds in ((1, 0), (1, 1), (2, 3), (1, 2, 0)):
        data = record(face_data(noise(0)))
        offset = len(data)
        data += b''.join(part(kind, face_data(noise(1))) for kind in kinds) + data
        (tmp_path / 'train.rec').write_bytes(data)
        (tmp_path / 'train.idx').write_text(f'0\t0\n1\t{offset}\n')
        with pytest.raises(BrokenImageError, match='train.rec/1: the record at byte .* is damaged: part'):
            FaceRecords(str(tmp_path), pipeline=PACKED, test_mode=True)[1]


# As FaceFolder


@pytest.mark.parametrize('workers', [0, 2])
def test_workers_read_the_same_faces(pack, workers):
    damage(pack, 200, b'x' * 300)  # of face 1
    dataset = FaceRecords(str(pack.parent), pipeline=PACKED)
    dataset[4]  # the file is open when workers start
    loader = DataLoader(dataset, batch_size=5, num_workers=workers, collate_fn=default_collate)
    batches = list(loader)
    inputs = [image for batch in batches for image in batch['inputs']]
    assert all((image == dataset[i]['inputs']).all() for i, image in enumerate(inputs)) and len(inputs) == 10
    skipped = [i for i in range(10) if 'skipped_files' in batches[i // 5]['data_samples'][i % 5]]
    assert skipped == [0]


def test_it_works_in_a_wrapper_and_for_pictures_of_the_regions(pack, tmp_path):
    (tmp_path / 'files').mkdir()
    (tmp_path / 'files/1.jpg').write_bytes(noise(99))
    both = ConcatDataset([
        dict(type='FaceRecords', data_root=str(pack.parent), pipeline=PACKED, _scope_='mmpretrain'),
        dict(type='FaceFolder', data_root=str(tmp_path / 'files'), pipeline=PACKED, _scope_='mmpretrain')])  # yapf: disable
    assert len(both) == 11 and both[10]['data_samples'].img_path.endswith('files/1.jpg')
    assert both[9]['data_samples'].img_path.endswith('train.rec/10')
    assert spread_faces(both, 4, size=32).shape == (4, 3, 32, 32)


def test_it_is_small_to_copy_and_has_no_open_file_in_the_copy(pack):
    dataset = FaceRecords(str(pack.parent), pipeline=[LoadFace()])
    dataset[0]
    assert dataset.files._handles
    for twin in (pickle.loads(pickle.dumps(dataset)), copy.deepcopy(dataset)):
        assert not twin.files._handles
        assert np.array_equal(twin[3]['img'], dataset[3]['img'])
    assert len(pickle.dumps(dataset)) < len(pickle.dumps(FaceRecords(str(pack.parent), indices=[0]))) + 400
    assert len(pickle.dumps(dataset.get_data_info(0)['read_bytes'])) < 500


@pytest.mark.parametrize('transform', ['LoadImageFromFile'])
def test_a_transform_that_reads_files_is_refused(pack, transform):
    with pytest.raises(ValueError, match='FaceRecords: the pipeline begins with LoadFace, .*LoadImageFromFile cannot'):
        FaceRecords(str(pack.parent), pipeline=[dict(type=transform, _scope_='mmpretrain')])


def test_faces_without_classes_say_so_where_classes_are_needed(pack):
    with pytest.raises(TypeError, match='FaceRecords has no classes'):
        FaceRecords(str(pack.parent)).get_cat_ids(0)


class Disk:
    """The disk under the records: reading fails while `fails(offset)`."""

    def __init__(self, monkeypatch, fails):
        self.slept = 0.0
        original = os.pread

        def pread(number, size, offset):
            if fails(self, offset):
                raise OSError(errno.ESTALE, 'Stale file handle')
            return original(number, size, offset)

        monkeypatch.setattr(open_files.os, 'pread', pread)
        monkeypatch.setattr(replaced_images.time, 'sleep', self.sleep)
        monkeypatch.setattr(replaced_images.time, 'monotonic', lambda: 1000.0 + self.slept)

    def sleep(self, seconds):
        self.slept += seconds


def test_a_disk_that_comes_back_is_waited_for_and_the_file_is_opened_anew(pack, monkeypatch):
    dataset = FaceRecords(str(pack.parent), pipeline=PACKED, patience=60.0)
    dataset[0]
    opened = []
    original = os.open
    monkeypatch.setattr(open_files.os, 'open', lambda path, flags: opened.append(path) or original(path, flags))
    with monkeypatch.context() as patch:
        disk = Disk(patch, lambda disk, offset: disk.slept < 20)
        sample = dataset[2]['data_samples']
    assert sample.sample_idx == 2 and 'skipped_files' not in sample
    assert 20 <= disk.slept < 40 and len(opened) > 1


def test_a_disk_that_stays_away_ends_with_a_message(pack, monkeypatch):
    dataset = FaceRecords(str(pack.parent), pipeline=PACKED, patience=60.0)
    with monkeypatch.context() as patch:
        Disk(patch, lambda disk, offset: True)
        with pytest.raises(
            RuntimeError, match=r'train.rec could not be read for \d+ s \(Stale file handle: .*train.rec/3\)'
        ):
            dataset[2]


def test_a_record_on_a_bad_place_of_the_disk_is_broken_soon(pack, monkeypatch):
    dataset = FaceRecords(str(pack.parent), pipeline=PACKED, patience=300.0)
    bad = read_index(str(pack.with_suffix('.idx'))).offsets[5]
    with monkeypatch.context() as patch:
        disk = Disk(patch, lambda disk, offset: offset == bad)
        sample = dataset[4]['data_samples']
    assert set(sample.skipped_files) == {(f'{pack}/5', 'Stale file handle')} and disk.slept <= 20


def second_process_has_no_index(rank, store, root, out):
    dist.init_process_group('gloo', init_method=f'file://{store}', rank=rank, world_size=2)
    if rank == 1:
        FaceRecords.list_faces = None  # it must not look
    lines = []
    for folder in (root, os.path.join(root, 'none')):
        try:
            dataset = FaceRecords(folder, pipeline=PACKED)
            lines += keys(dataset) + [str(int(dataset[3]['inputs'].sum()))]
        except FileNotFoundError as error:
            lines.append(str(error))
    Path(out, str(rank)).write_text('\n'.join(lines))


def test_two_processes_share_the_index_or_the_error(pack, tmp_path):
    arguments = (str(tmp_path / 'store'), str(pack.parent), str(tmp_path))
    mp.start_processes(second_process_has_no_index, args=arguments, nprocs=2, start_method='fork')
    lines = (tmp_path / '0').read_text().split('\n')
    assert lines[:10] == [str(key) for key in range(1, 11)] and 'no such file' in lines[-1]
    assert (tmp_path / '1').read_text().split('\n') == lines
