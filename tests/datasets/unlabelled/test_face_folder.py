"""FaceFolder: any tree of face images, scanned once, the same list in every process, broken files replaced."""

import errno
import os
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.dataset import ClassBalancedDataset, default_collate
from PIL import Image
from torch.utils.data import DataLoader

from fra_plugin.checkpoints.stored_config import stored_crop
from fra_plugin.datasets import BrokenImageError, FaceFolder, LoadFace, replaced_images
from fra_plugin.datasets.unlabelled import face_folder as face_folder_module
from fra_plugin.datasets.unlabelled import folder_scan, folder_stamp, scan_cache

PACKED = [dict(type='LoadFace'), dict(type='PackInputs')]


def write(root, *names, value=100):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (8, 6), (value, 0, 0)).save(path, 'JPEG' if path.suffix.lower() == '.jpg' else None)
    settle(root)


def settle(root):
    """Each folder changes at a moment of its own, the kernel's clock has steps of up to 10 ms."""
    for folder in [root, *root.rglob('*')]:
        if folder.is_dir() and not folder.is_symlink():
            os.utime(folder)
            time.sleep(0.012)


@pytest.fixture(autouse=True)
def settled_at_once(monkeypatch):
    """The folders of these tests have always just changed."""
    monkeypatch.setattr(folder_stamp, 'SETTLED_SECONDS', -0.1)


def names(dataset):
    root = Path(dataset.img_prefix)
    return [str(Path(dataset.get_data_info(i)['img_path']).relative_to(root)) for i in range(len(dataset))]


@pytest.fixture
def scans(monkeypatch):
    """The folders that were scanned, one entry a scan."""
    seen = []
    original = face_folder_module.scan_folder

    def scan_folder(root, *args):
        seen.append(root)
        return original(root, *args)

    monkeypatch.setattr(face_folder_module, 'scan_folder', scan_folder)
    return seen


@pytest.fixture
def root(tmp_path):
    root = tmp_path / 'faces'
    write(root, 'n000002/0001_01.jpg', 'n000002/0002_01.JPG', 'n000010/a/0001.png', '0003.jpg')
    return root


def test_every_image_of_the_tree_is_found_in_a_fixed_order(root):
    (root / 'readme.txt').write_text('x')
    (root / '.hidden.jpg').write_text('x')
    (root / '.thumbnails').mkdir()
    (root / '.thumbnails' / '1.jpg').write_text('x')
    os.mkfifo(root / 'pipe.jpg')
    assert names(FaceFolder(data_prefix=str(root))) == [
        '0003.jpg',
        'n000002/0001_01.jpg',
        'n000002/0002_01.JPG',
        'n000010/a/0001.png',
    ]


def test_names_of_any_bytes_come_back(root):
    odd = ['with space.jpg', 'new\nline.jpg', '5 6 7 8 box.jpg', 'ß漢.jpg', os.fsdecode(b'\xff\xfe.jpg')]
    write(root, *odd)
    dataset = FaceFolder(data_prefix=str(root))
    assert set(odd) < set(names(dataset))
    assert all(os.path.isfile(dataset.get_data_info(i)['img_path']) for i in range(-len(dataset), len(dataset)))
    with pytest.raises(IndexError):
        dataset.get_data_info(len(dataset))


def test_data_root_and_prefix_are_joined_and_images_load(root):
    dataset = FaceFolder(data_root=str(root.parent), data_prefix='faces', pipeline=[LoadFace()])
    assert dataset[1]['img'].shape == (6, 8, 3)
    assert dataset[1]['sample_idx'] == 1
    assert dataset[1]['img_path'] == str(root / 'n000002/0001_01.jpg')


@pytest.mark.parametrize('indices, expected', [(2, [0, 1]), (-1, [3]), (99, [0, 1, 2, 3]), ([3, 0, 3], [3, 0, 3])])
def test_a_share_of_the_images(root, indices, expected):
    everything = names(FaceFolder(data_prefix=str(root)))
    assert names(FaceFolder(data_prefix=str(root), indices=indices)) == [everything[i] for i in expected]
    if indices != 99:
        assert names(FaceFolder(data_prefix=str(root)).get_subset(indices)) == [everything[i] for i in expected]


def test_a_missing_folder_says_what_was_expected(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none: no such folder; expected .*n000002/0001_01.jpg'):
        FaceFolder(data_root=str(tmp_path), data_prefix='none')


def test_a_file_instead_of_a_folder(root):
    with pytest.raises(NotADirectoryError, match='0003.jpg: expected a folder'):
        FaceFolder(data_prefix=str(root / '0003.jpg'))


def test_an_empty_folder_says_what_was_expected(tmp_path):
    (tmp_path / 'faces' / 'n000002').mkdir(parents=True)
    (tmp_path / 'faces' / 'n000002' / 'notes.txt').write_text('x')
    with pytest.raises(ValueError, match=r'faces: no image found in 2 folders; expected .*0001_01.jpg.*\.jpg, \.png'):
        FaceFolder(data_prefix=str(tmp_path / 'faces'), extensions=['.PNG', '.jpg'])


@pytest.mark.parametrize('margin', [-1, float('nan'), float('inf'), '0.3'])
def test_a_margin_that_leaves_nothing_of_the_face_is_refused(root, margin):
    with pytest.raises(ValueError, match='box_margin is a share of the face box, above -1, got'):
        FaceFolder(data_prefix=str(root), box_margin=margin)


def test_faces_without_classes_say_so_where_classes_are_needed(root):
    with pytest.raises(TypeError, match='FaceFolder has no classes'):
        ClassBalancedDataset(FaceFolder(data_prefix=str(root)), oversample_thr=0.1)


# The cache


def test_the_second_start_does_not_scan(root, scans):
    first = FaceFolder(data_prefix=str(root))
    second = FaceFolder(data_prefix=str(root))
    assert names(first) == names(second)
    assert len(scans) == 1
    assert [path.suffix for path in root.parent.glob('.faces.*')] == ['.npz'], 'beside the folder, nothing left over'


@pytest.mark.parametrize('change', ['add', 'add below', 'remove', 'rename', 'new folder'])
def test_a_change_in_the_tree_is_seen(root, scans, change):
    before = names(FaceFolder(data_prefix=str(root)))
    time.sleep(0.01)
    if change == 'add':
        write(root, '0004.jpg')
    elif change == 'add below':
        write(root, 'n000010/a/0002.jpg')
    elif change == 'remove':
        (root / 'n000010/a/0001.png').unlink()
    elif change == 'rename':
        (root / '0003.jpg').rename(root / '0009.jpg')
    else:
        write(root, 'n000011/0001.jpg')
    after = names(FaceFolder(data_prefix=str(root)))
    assert len(scans) == 2
    assert sorted(after) == sorted(str(p.relative_to(root)) for p in root.rglob('*.*'))
    assert after != before


def test_a_folder_that_has_just_changed_is_scanned_again(root, scans, monkeypatch):
    monkeypatch.setattr(folder_stamp, 'SETTLED_SECONDS', 2)
    FaceFolder(data_prefix=str(root))
    Image.new('RGB', (8, 6)).save(root / '0005.jpg')
    assert '0005.jpg' in names(FaceFolder(data_prefix=str(root)))
    assert len(scans) == 2


def test_settings_have_caches_of_their_own(root):
    assert len(FaceFolder(data_prefix=str(root))) == 4
    assert len(FaceFolder(data_prefix=str(root), extensions=['.png'])) == 1
    assert len(FaceFolder(data_prefix=str(root))) == 4


def test_the_cache_lies_where_the_user_wants(root, tmp_path, scans):
    FaceFolder(data_prefix=str(root), cache_dir=str(tmp_path / 'deep' / 'cache'))
    FaceFolder(data_prefix=str(root), cache_dir=str(tmp_path / 'deep' / 'cache'))
    assert len(scans) == 1
    assert len(list((tmp_path / 'deep' / 'cache').iterdir())) == 1
    assert not list(tmp_path.glob('.faces.*'))


def test_the_cache_goes_home_where_the_parent_can_not_be_written(root, tmp_path, scans, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path / 'home'))
    original = scan_cache.tempfile.mkstemp

    def mkstemp(dir, **options):
        if Path(dir) == root.parent:
            raise OSError(errno.EROFS, 'Read-only file system')
        return original(dir=dir, **options)

    monkeypatch.setattr(scan_cache.tempfile, 'mkstemp', mkstemp)
    FaceFolder(data_prefix=str(root))
    FaceFolder(data_prefix=str(root))
    assert len(scans) == 1
    assert len(list((tmp_path / 'home' / '.cache' / 'fra_plugin').iterdir())) == 1


def test_a_full_disk_only_costs_the_cache(root, scans, monkeypatch):
    def no_space(*args, **kwargs):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(scan_cache.np, 'savez', no_space)
    assert len(FaceFolder(data_prefix=str(root), cache_dir=str(root.parent / 'cache'))) == 4
    assert list((root.parent / 'cache').iterdir()) == []


@pytest.mark.parametrize(
    'damage', [lambda data: b'', lambda data: data[: len(data) // 2], lambda data: b'x' * len(data)]
)
def test_a_damaged_cache_is_replaced(root, scans, damage):
    expected = names(FaceFolder(data_prefix=str(root)))
    (cache,) = root.parent.glob('.faces.*')
    cache.write_bytes(damage(cache.read_bytes()))
    assert names(FaceFolder(data_prefix=str(root))) == expected
    assert names(FaceFolder(data_prefix=str(root))) == expected
    assert len(scans) == 2


@pytest.mark.parametrize(
    'planted', [b'/etc/passwd\0', b'0003.jpg\0/etc/passwd\0', b'../secret.jpg\0', b'n/../../x.jpg\0']
)
def test_a_cache_that_came_with_the_data_can_not_lead_out(root, scans, planted):
    expected = names(FaceFolder(data_prefix=str(root)))
    (cache,) = root.parent.glob('.faces.*')
    with np.load(cache) as file:
        arrays = dict(file)
    np.savez(cache, **dict(arrays, records=np.frombuffer(planted, np.uint8)))
    assert names(FaceFolder(data_prefix=str(root))) == expected


@pytest.mark.parametrize('shape', [(0, 5), (4,), (4, 3), (9, 5)])
def test_a_cache_of_another_shape_is_replaced(root, scans, shape):
    expected = names(FaceFolder(data_prefix=str(root)))
    (cache,) = root.parent.glob('.faces.*')
    with np.load(cache) as file:
        arrays = dict(file)
    np.savez(cache, **dict(arrays, stamps=np.zeros(shape, np.int64)))
    assert names(FaceFolder(data_prefix=str(root))) == expected and len(scans) == 2


# Symbolic links


def test_links_are_followed_only_on_demand(root, tmp_path):
    write(tmp_path / 'elsewhere', '1.jpg', '2.jpg')
    (root / 'linked').symlink_to(tmp_path / 'elsewhere')
    (root / 'linked.jpg').symlink_to(tmp_path / 'elsewhere' / '1.jpg')
    (root / 'dangling.jpg').symlink_to(tmp_path / 'none.jpg')
    (root / 'n000002' / 'loop').symlink_to(root)
    settle(root)
    assert len(FaceFolder(data_prefix=str(root))) == 4
    assert set(names(FaceFolder(data_prefix=str(root), follow_links=True))) == {
        '0003.jpg',
        'linked.jpg',
        'linked/1.jpg',
        'linked/2.jpg',
        'n000002/0001_01.jpg',
        'n000002/0002_01.JPG',
        'n000010/a/0001.png',
    }


def test_a_disk_behind_links_that_comes_later_is_seen(root, tmp_path, lines):
    (root / 'part2').symlink_to(tmp_path / 'disk')
    (root / '9.jpg').symlink_to(tmp_path / 'disk' / '9.jpg')
    settle(root)
    assert len(FaceFolder(data_prefix=str(root), follow_links=True)) == 4
    assert lines[0][1] == f'{root}: left out: symbolic links that lead nowhere: 2 (such as 9.jpg)'
    write(tmp_path / 'disk', '9.jpg')
    found = names(FaceFolder(data_prefix=str(root), follow_links=True))
    assert len(found) == 6 and {'9.jpg', 'part2/9.jpg'} < set(found)


def test_a_folder_of_links_says_how_to_take_them(tmp_path):
    write(tmp_path / 'elsewhere', '1.jpg')
    (tmp_path / 'faces').mkdir()
    (tmp_path / 'faces' / '1.jpg').symlink_to(tmp_path / 'elsewhere' / '1.jpg')
    with pytest.raises(ValueError, match=r'left out: symbolic links \(follow_links=True takes them\): 1 \(1.jpg\)'):
        FaceFolder(data_prefix=str(tmp_path / 'faces'))


def test_the_folder_itself_may_be_a_link(root, tmp_path):
    (tmp_path / 'link').symlink_to(root)
    assert len(FaceFolder(data_prefix=str(tmp_path / 'link'))) == 4


# The list file


def listed(root, text, **options):
    (root.parent / 'list.txt').write_text(text)
    return FaceFolder(data_root=str(root.parent), data_prefix='faces', ann_file='list.txt', **options)


def test_a_list_names_the_images_in_its_order(root, scans):
    text = 'n000002/0002_01.JPG\r\n\n0003.jpg\n./n000010/a/0001.png\n'
    for _ in range(2):
        assert names(listed(root, text)) == ['n000002/0002_01.JPG', '0003.jpg', 'n000010/a/0001.png']
    assert names(listed(root, '0003.jpg\n')) == ['0003.jpg'], 'a changed list must not meet the old cache'
    assert scans == []


def test_a_listed_file_that_goes_is_seen_at_the_next_start(root):
    listed(root, 'n000010/a/0001.png\n')
    (root / 'n000010/a/0001.png').unlink()
    with pytest.raises(FileNotFoundError, match='list.txt:1'):
        listed(root, 'n000010/a/0001.png\n')


@pytest.mark.parametrize(
    'line', ['../secret.jpg', '/etc/passwd', 'n000002/../../secret.jpg', '..', 'n000002\\..\\..\\x']
)
def test_a_path_that_leaves_the_folder_is_refused(root, tmp_path, line):
    write(tmp_path, 'secret.jpg')
    with pytest.raises(ValueError, match=r'list.txt:2.*faces'):
        listed(root, f'0003.jpg\n{line}\n')
    with pytest.raises(ValueError, match=r'list.txt:2'):
        listed(root, f'0003.jpg\n{line}\n', follow_links=True)


@pytest.mark.parametrize('line', ['out/1.jpg', 'out.jpg'])
def test_a_link_that_leaves_the_folder_is_refused(root, tmp_path, line):
    write(tmp_path / 'elsewhere', '1.jpg')
    (root / 'out').symlink_to(tmp_path / 'elsewhere')
    (root / 'out.jpg').symlink_to(tmp_path / 'elsewhere' / '1.jpg')
    (root / 'in.jpg').symlink_to(root / '0003.jpg')
    assert names(listed(root, 'in.jpg\n')) == ['in.jpg']
    with pytest.raises(ValueError, match=r'list.txt:2.*symbolic link to .*elsewhere'):
        listed(root, f'0003.jpg\n{line}\n')
    assert names(listed(root, f'0003.jpg\n{line}\n', follow_links=True)) == ['0003.jpg', line]


@pytest.mark.parametrize(
    'text, error, message',
    [
        ('0003.jpg\nn000002/9.jpg\n', FileNotFoundError, r"list.txt:2: 'n000002/9.jpg' is not in"),
        ('none/9.jpg\n', FileNotFoundError, r"list.txt:1: 'none/9.jpg' is not in"),
        ('0003.jpg/9.jpg\n', FileNotFoundError, r'list.txt:1'),
        ('n000002\n', FileNotFoundError, r'list.txt:1'),
        ('\n \n', ValueError, 'list.txt: the list is empty'),
    ],
)
def test_a_wrong_list_names_the_line(root, text, error, message):
    with pytest.raises(error, match=message):
        listed(root, text)


def test_a_missing_list_is_named(root):
    with pytest.raises(FileNotFoundError, match='train_list.txt'):
        FaceFolder(data_prefix=str(root), ann_file='train_list.txt')


# Boxes


def boxed(root, text, **options):
    (root.parent / 'boxes.csv').write_text(text)
    return FaceFolder(data_root=str(root.parent), data_prefix='faces', boxes='boxes.csv', **options)


def test_boxes_come_with_their_margin(root, scans):
    text = 'NAME_ID,X,Y,W,H\n"n000002/0001_01",10,20,100,50\n0003.jpg,-3,0,4,4\n'
    for _ in range(2):
        dataset = boxed(root, text)
        assert names(dataset) == names(FaceFolder(data_prefix=str(root)))
        assert dataset.get_data_info(1)['bbox'] == pytest.approx((-5, -20, 125, 110))  # 130 around (60, 45)
        assert dataset.get_data_info(0)['bbox'] == pytest.approx((-3.6, -0.6, 1.6, 4.6))
        assert 'bbox' not in dataset.get_data_info(2), 'no box: the whole image'
    assert boxed(root, text, box_margin=0.0).get_data_info(1)['bbox'] == (10, -5, 110, 95)
    assert boxed(root, text.replace('10,20', '11,20'), box_margin=0.0).get_data_info(1)['bbox'] == (11, -5, 111, 95)
    assert boxed(root, text, box_margin=0.0, indices=[1]).get_data_info(0)['bbox'] == (10, -5, 110, 95)


@pytest.mark.parametrize('margin', [-0.2, 0.0, 0.25])
def test_a_boxed_face_is_the_one_that_the_crop_of_its_model_cuts(tmp_path, margin):
    """In the middle of a photo, pixel by pixel: the crop as FRAFeatures takes it from the config of the data."""
    photo = np.random.default_rng(0).integers(0, 256, (200, 200, 3)).astype(np.uint8)
    (tmp_path / 'faces').mkdir()
    cv2.imwrite(str(tmp_path / 'faces/1.png'), photo)
    face = boxed(tmp_path / 'faces', 'NAME_ID,X,Y,W,H\n1,60,50,64,80\n', box_margin=margin, pipeline=[LoadFace()])[0][
        'img'
    ]
    size = round(80 * (1 + margin))
    data = dict(boxes='boxes.csv', box_margin=margin, pipeline=[dict(type='Resize', scale=(size, size))])
    np.testing.assert_array_equal(
        face, stored_crop(dict(train_dataloader=dict(dataset=data))).cut(photo, (60, 50, 124, 130))
    )


def test_a_boxed_face_is_cut_out(root):
    image = boxed(root, 'NAME_ID,X,Y,W,H\n0003,2,1,4,4\n', box_margin=0.5, pipeline=[LoadFace()])[0]['img']
    assert image.shape == (6, 6, 3)  # columns 1 to 7, rows 0 to 6 (clipped from 6)


@pytest.mark.parametrize(
    'text, message',
    [
        ('', r'boxes.csv:1'),
        ('NAME,X,Y,W,H\n', r'boxes.csv:1.*NAME_ID'),
        ('NAME_ID,X,Y,W,H\n0003,1,2,3\n', r'boxes.csv:2'),
        ('NAME_ID,X,Y,W,H\n0003,1,2,x,4\n', r"boxes.csv:2.*'1,2,x,4'"),
        ('NAME_ID,X,Y,W,H\n0003,1,2,0,4\n', r'boxes.csv:2.*positive'),
        ('NAME_ID,X,Y,W,H\n0003,1,2,3,inf\n', r'boxes.csv:2'),
        ('NAME_ID,X,Y,W,H\n0003,1,-99999,3,4\n', r'boxes.csv:2.*up to 65535'),
        ('NAME_ID,X,Y,W,H\n0003,1,2,3,4\n0003,1,2,3,4\n', r"boxes.csv:3.*second box for '0003'"),
        ('NAME_ID,X,Y,W,H\nother,1,2,3,4\n', r'none of its 1 boxes is of an image'),
    ],
)
def test_wrong_boxes_name_the_line(root, text, message):
    with pytest.raises(ValueError, match=message):
        boxed(root, text)


def test_a_missing_csv_is_named(root):
    with pytest.raises(FileNotFoundError, match='boxes.csv'):
        FaceFolder(data_prefix=str(root), boxes='boxes.csv')


# Broken files


@pytest.fixture
def partly_broken(tmp_path):
    """Ten images, two of them broken."""
    root = tmp_path / 'faces'
    write(root, *(f'{i}.jpg' for i in range(10)))
    (root / '3.jpg').write_bytes(b'')
    (root / '7.jpg').write_bytes((root / '1.jpg').read_bytes()[:300])
    return root


@pytest.mark.parametrize('workers', [0, 2])
def test_a_broken_file_is_replaced_and_named(partly_broken, workers):
    dataset = FaceFolder(data_prefix=str(partly_broken), pipeline=PACKED)
    loader = DataLoader(dataset, batch_size=5, num_workers=workers, collate_fn=default_collate)
    samples = [sample for batch in loader for sample in batch['data_samples']]
    skipped = {index: sample.skipped_files for index, sample in enumerate(samples) if 'skipped_files' in sample}
    assert set(skipped) == {3, 7}
    assert skipped[3][0] == (str(partly_broken / '3.jpg'), 'the file is empty')
    assert skipped[7][0][0] == str(partly_broken / '7.jpg') and skipped[7][0][1]
    assert len(samples) == 10 and all(sample.sample_idx not in (3, 7) for sample in samples)


def test_the_replacement_depends_on_the_index_alone(partly_broken):
    dataset = FaceFolder(data_prefix=str(partly_broken), pipeline=PACKED)
    np.random.seed(0)
    first = dataset[3]['data_samples'].sample_idx
    drawn = np.random.rand()
    np.random.seed(0)
    assert np.random.rand() == drawn, 'the global random state is left alone'
    np.random.seed(1)
    assert dataset[3]['data_samples'].sample_idx == first == dataset[-7]['data_samples'].sample_idx


def test_without_packing_the_skipped_files_are_a_key(partly_broken):
    dataset = FaceFolder(data_prefix=str(partly_broken), pipeline=[LoadFace()])
    assert dataset[3]['skipped_files'][0][0].endswith('3.jpg')
    assert 'skipped_files' not in dataset[2]


def test_a_test_set_does_not_replace(partly_broken):
    with pytest.raises(BrokenImageError, match='3.jpg: the file is empty'):
        FaceFolder(data_prefix=str(partly_broken), pipeline=PACKED, test_mode=True)[3]


def test_only_broken_files_end_with_a_message(tmp_path):
    (tmp_path / 'faces').mkdir()
    for i in range(4):
        (tmp_path / 'faces' / f'{i}.jpg').write_bytes(b'x')
    dataset = FaceFolder(data_prefix=str(tmp_path / 'faces'), pipeline=PACKED, max_refetch=5)
    with pytest.raises(RuntimeError, match=r'6 images in a row are broken.*faces/\d.jpg: not an image'):
        dataset[0]


def none_for(*indices):
    return lambda results: None if results['sample_idx'] in indices else results


@pytest.mark.parametrize('workers', [0, 1])
def test_another_sample_is_taken_where_the_pipeline_gives_none(root, workers):
    dataset = FaceFolder(data_prefix=str(root), pipeline=[none_for(0, 2), *PACKED])
    batch = next(iter(DataLoader(dataset, batch_size=4, num_workers=workers, collate_fn=default_collate)))
    found = [sample.sample_idx for sample in batch['data_samples']]
    assert found[1] == 1 and found[3] == 3 and {found[0], found[2]} <= {1, 3}
    assert not any('skipped_files' in sample for sample in batch['data_samples']), 'the files are not broken'


def test_a_pipeline_that_gives_none_for_every_image_ends_with_a_message(root):
    with pytest.raises(RuntimeError, match='gave None for 6 images in a row'):
        FaceFolder(data_prefix=str(root), pipeline=[none_for(0, 1, 2, 3)], max_refetch=5)[0]
    with pytest.raises(ValueError, match=r'faces/0003.jpg: the pipeline of a test set gave None'):
        FaceFolder(data_prefix=str(root), pipeline=[none_for(0)], test_mode=True)[0]


# A disk that goes away


class Disk:
    """Stands for the disk under a folder: reading a file in it fails while `error(path)` gives an errno."""

    def __init__(self, monkeypatch, root, error):
        self.slept, self.now = 0.0, 0.0
        original = open

        def fail(path, *args, **kwargs):
            code = error(self, str(path)) if str(path).startswith(str(root)) else None
            if code:
                raise OSError(code, os.strerror(code), str(path))
            return original(path, *args, **kwargs)

        monkeypatch.setattr('builtins.open', fail)
        monkeypatch.setattr(replaced_images.time, 'sleep', self.sleep)
        monkeypatch.setattr(replaced_images.time, 'monotonic', lambda: 1000.0 + self.slept)

    def sleep(self, seconds):
        self.slept += seconds


@pytest.mark.parametrize('code', [errno.EIO, errno.ESTALE, errno.ENOENT, errno.ENODEV])
def test_a_disk_that_comes_back_is_waited_for(root, monkeypatch, code):
    dataset = FaceFolder(data_prefix=str(root), pipeline=PACKED, patience=60.0)
    disk = Disk(monkeypatch, root, lambda disk, path: code if disk.slept < 20 else None)
    sample = dataset[2]['data_samples']
    assert sample.sample_idx == 2 and 'skipped_files' not in sample, 'the same sample as without the outage'
    assert 20 <= disk.slept < 40


def test_a_disk_that_stays_away_ends_with_a_message(root, monkeypatch):
    dataset = FaceFolder(data_prefix=str(root), pipeline=PACKED, patience=60.0)
    disk = Disk(monkeypatch, root, lambda disk, path: errno.EIO)
    with pytest.raises(RuntimeError, match=r'faces could not be read for \d+ s \(Input/output error: .*JPG\)'):
        dataset[2]
    assert 60 <= disk.slept < 80


@pytest.mark.parametrize('code, longest', [(errno.EIO, 10), (errno.ENOENT, 10), (errno.EACCES, 0)])
def test_a_single_unreadable_file_is_broken_soon(root, monkeypatch, code, longest):
    dataset = FaceFolder(data_prefix=str(root), pipeline=PACKED, patience=300.0)
    disk = Disk(monkeypatch, root, lambda disk, path: code if path.endswith('0002_01.JPG') else None)
    sample = dataset[2]['data_samples']
    assert sample.skipped_files[0] == (str(root / 'n000002/0002_01.JPG'), os.strerror(code))
    assert disk.slept <= longest


def test_a_decoders_oserror_is_no_outage(root):
    def decode(results):
        if results['sample_idx'] == 2:
            raise OSError('image file is truncated')
        return results

    dataset = FaceFolder(data_prefix=str(root), pipeline=[decode])
    assert dataset[2]['skipped_files'] == [(str(root / 'n000002/0002_01.JPG'), 'image file is truncated')]


# Processes


def second_process_has_no_folder(rank, store, root, out):
    dist.init_process_group('gloo', init_method=f'file://{store}', rank=rank, world_size=2)
    if rank == 1:
        face_folder_module.ScanCache = face_folder_module.scan_folder = None  # it must not look
    lines = []
    for folder in (root, os.path.join(root, 'none')):
        try:
            lines += names(FaceFolder(data_prefix=folder))
        except FileNotFoundError as error:
            lines.append(str(error))
    Path(out, str(rank)).write_text('\n'.join(lines))


def test_two_processes_scan_once_and_share_the_list_or_the_error(root, tmp_path):
    mp.start_processes(
        second_process_has_no_folder,
        args=(str(tmp_path / 'store'), str(root), str(tmp_path)),
        nprocs=2,
        start_method='fork',
    )
    lines = (tmp_path / '0').read_text().split('\n')
    assert lines[:-1] == names(FaceFolder(data_prefix=str(root))) and 'none: no such folder' in lines[-1]
    assert (tmp_path / '1').read_text().split('\n') == lines


def test_a_scan_shows_its_progress(root, monkeypatch):
    lines = []
    monkeypatch.setattr(folder_scan, 'PROGRESS_SECONDS', -1)
    monkeypatch.setattr(folder_scan, 'print_log', lambda message, **kwargs: lines.append(message))
    FaceFolder(data_prefix=str(root))
    assert lines[-1] == f'Scanning {root}: 4 images in 4 folders'


# What is left out


@pytest.fixture
def lines(monkeypatch):
    """What the log says, with the level."""
    found = []
    monkeypatch.setattr(folder_scan, 'print_log', lambda message, logger, level=20: found.append((level, message)))
    return found


def test_what_is_left_out_is_counted_and_told_at_every_start(root, lines):
    for name in ('@eaDir/1.jpg', 'lost+found/1.jpg', '.trash/1.jpg', 'n000002/._0001_01.jpg', 'n000002/notes.txt'):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text('x')
    (root / 'link.jpg').symlink_to('0003.jpg')
    settle(root)
    for _ in range(2):
        assert len(FaceFolder(data_prefix=str(root))) == 4
    (level, line), again = lines
    assert (level, line) == again
    assert level == 20 and line.startswith(f'{root}: left out: ')
    for part in (
        'folders of the system: 2 (such as ',
        'hidden files or folders: 2 (such as .trash)',
        'symbolic links (follow_links=True takes them): 1 (link.jpg)',
        'files with another ending: 1 (n000002/notes.txt)',
    ):
        assert part in line


def test_a_tidy_folder_says_nothing(root, lines):
    FaceFolder(data_prefix=str(root))
    assert lines == []


def test_a_folder_that_may_not_be_read_is_left_out_with_a_warning(root, lines, monkeypatch):
    original = os.scandir

    def scandir(path):
        if str(path).endswith('n000002'):
            raise PermissionError(errno.EACCES, 'Permission denied', str(path))
        return original(path)

    monkeypatch.setattr('os.scandir', scandir)
    assert names(FaceFolder(data_prefix=str(root))) == ['0003.jpg', 'n000010/a/0001.png']
    assert lines == [(30, f'{root}: left out: folders that may not be read: 1 (n000002)')]
    monkeypatch.setattr('os.scandir', lambda path: scandir('n000002'))
    with pytest.raises(PermissionError):
        FaceFolder(data_prefix=str(root / 'n000010'))


# Names


@pytest.mark.parametrize('name', [os.fsdecode(b'Ren\xe9'), 'n' * 255, '漢' * 85])
def test_folders_of_any_name_are_cached(tmp_path, scans, name, lines):
    write(tmp_path / name, '1.jpg', 'a/2.jpg')
    (tmp_path / name / 'x.txt').write_text('x')
    settle(tmp_path / name)
    for _ in range(2):
        assert len(FaceFolder(data_prefix=str(tmp_path / name))) == 2
    assert len(scans) == 1
    for _, line in lines:
        assert line.encode()


def test_a_list_may_name_files_that_are_not_utf8(root):
    name = os.fsdecode(b'Ren\xe9.jpg')
    write(root, name)
    (root.parent / 'list.txt').write_bytes(b'0003.jpg\nRen\xe9.jpg\n')
    (root.parent / 'boxes.csv').write_bytes(b'NAME_ID,X,Y,W,H\nRen\xe9,1,2,3,4\n')
    for _ in range(2):
        dataset = FaceFolder(
            data_root=str(root.parent), data_prefix='faces', ann_file='list.txt', boxes='boxes.csv', box_margin=0
        )
        assert names(dataset) == ['0003.jpg', name]
        assert dataset.get_data_info(1)['bbox'] == (0.5, 2, 4.5, 6)


def test_a_list_in_utf16_is_refused(root):
    (root.parent / 'list.txt').write_text('0003.jpg\n', encoding='utf-16')
    with pytest.raises(ValueError, match=r'list.txt:1: expected one path a line in UTF-8.*UTF-16'):
        FaceFolder(data_root=str(root.parent), data_prefix='faces', ann_file='list.txt')


def test_messages_about_odd_names_can_be_printed(root):
    name = os.fsdecode(b'Ren\xe9.jpg')
    (root / name).write_bytes(b'x')
    settle(root)
    with pytest.raises(BrokenImageError) as broken:
        LoadFace()(dict(img_path=str(root / name)))
    assert broken.value.path == str(root / name)
    with pytest.raises(FileNotFoundError) as missing:
        FaceFolder(data_prefix=str(root / name) + '2')
    with pytest.raises(ValueError) as empty:
        write(root.parent / name, 'x/a.png')
        FaceFolder(data_prefix=str(root.parent / name), extensions=['.jpg'])
    for error in (broken, missing, empty):
        assert 'Ren\\udce9.jpg' in str(error.value)
        assert str(error.value).encode()
