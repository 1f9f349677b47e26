"""The readers of official folders: what each file means, and what is said about a file that is wrong."""

import os

import face_layouts
import numpy as np
import pytest

from fra_plugin.datasets import (
    FER2013,
    RAFDB,
    AffectNet,
    BrokenImageError,
    CelebAAttributes,
    ClassFolders,
    FaceCSV,
    FERPlus,
)


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_rafdb_counts_its_labels_from_one(tmp_path):
    face_layouts.rafdb(tmp_path)
    dataset = RAFDB(tmp_path, 'test')
    assert [dataset.get_data_info(i)['gt_label'] for i in range(7)] == list(range(7))
    assert dataset.metainfo['classes'][3] == 'happiness'
    assert dataset.get_data_info(0)['img_path'] == str(tmp_path / 'Image/aligned/test_00001_aligned.jpg')
    assert len(RAFDB(tmp_path, 'train')) == 14 and dataset.test_mode and not RAFDB(tmp_path, 'train').test_mode
    assert RAFDB(tmp_path, 'test', aligned=False).get_data_info(0)['img_path'].endswith('original/test_00001.jpg')


def test_rafdb_is_found_from_the_folder_above(tmp_path):
    (tmp_path / 'basic').mkdir()
    face_layouts.rafdb(tmp_path / 'basic')
    assert len(RAFDB(tmp_path, 'test')) == 7


@pytest.mark.parametrize('num_classes, count', [(7, 10), (8, 11)])
def test_affectnet_keeps_only_the_expressions_asked_for(tmp_path, num_classes, count):
    face_layouts.affectnet(tmp_path)
    dataset = AffectNet(tmp_path, 'train', num_classes=num_classes)
    assert len(dataset) == count and len(dataset.metainfo['classes']) == num_classes
    assert list(dataset.get_gt_labels()) == [*range(num_classes), 0, 0, 0]


def test_affectnet_widens_the_face_box_by_the_margin(tmp_path):
    face_layouts.affectnet(tmp_path)
    assert AffectNet(tmp_path, 'val').get_data_info(0)['bbox'] == (4, 4, 20, 20)
    assert AffectNet(tmp_path, 'val', margin=0.5).get_data_info(0)['bbox'] == (-4, -4, 28, 28)
    assert 'bbox' not in AffectNet(tmp_path, 'val', margin=None).get_data_info(0)
    dataset = AffectNet(tmp_path, 'val', pipeline=[dict(type='LoadFace')])
    assert dataset[0]['img'].shape == (16, 16, 3)


def test_fer2013_gives_its_pixels_in_three_equal_channels(tmp_path):
    face_layouts.fer2013(tmp_path)
    data = FER2013(tmp_path, 'test').get_data_info(5)
    assert data['img'].shape == (48, 48, 3) and data['img'].dtype == np.uint8 and (data['img'] == 5).all()
    assert data['gt_label'] == 5 and FER2013(tmp_path, 'test').metainfo['classes'][5] == 'surprise'


def test_fer2013_reads_the_header_of_the_second_release(tmp_path):
    face_layouts.fer2013(tmp_path)
    (tmp_path / 'fer2013.csv').rename(tmp_path / 'icml_face_data.csv')
    edit(tmp_path / 'icml_face_data.csv', 'emotion,pixels,Usage', 'emotion, pixels, Usage')
    assert len(FER2013(tmp_path, 'val')) == 7


# neutral, happiness, surprise, sadness, anger, disgust, fear, contempt, unknown, no face
SIX_OF_TEN = (0, 6, 0, 4, 0, 0, 0, 0, 0, 0)
HALF = (5, 0, 5, 0, 0, 0, 0, 0, 0, 0)
SINGLES = (1, 1, 1, 1, 1, 3, 1, 1, 0, 0)
UNKNOWN = (2, 0, 0, 0, 0, 0, 0, 0, 8, 0)
NO_FACE = (0, 0, 0, 0, 0, 0, 0, 0, 0, 10)
SOME_UNKNOWN = (0, 0, 0, 0, 0, 0, 6, 0, 4, 0)


def test_ferplus_majority_is_more_than_half_of_the_votes_that_are_not_alone(tmp_path, log):
    face_layouts.ferplus(tmp_path, [SIX_OF_TEN, HALF, SINGLES, UNKNOWN, NO_FACE, SOME_UNKNOWN])
    dataset = FERPlus(tmp_path, 'train')
    assert list(dataset.get_gt_labels()) == [1, 5, 6]
    assert (dataset.get_data_info(1)['img'] == 2).all() and 'gt_score' not in dataset.get_data_info(0)
    assert any(record.startswith('INFO') and '3 of 6 faces' in record for record in log)


def test_ferplus_soft_labels_are_the_shares_of_the_votes_for_expressions(tmp_path):
    face_layouts.ferplus(tmp_path, [SIX_OF_TEN, HALF, SINGLES, UNKNOWN, NO_FACE, SOME_UNKNOWN])
    dataset = FERPlus(tmp_path, 'val', labels='soft')
    assert [dataset.get_data_info(i)['gt_score'] for i in range(len(dataset))] == [
        [0, 0.6, 0, 0.4, 0, 0, 0, 0],
        [0.5, 0, 0.5, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, 0, 1, 0],
    ]
    assert list(dataset.get_gt_labels()) == [1, 0, 5, 6]


def test_celeba_attributes_become_zeros_and_ones(tmp_path):
    face_layouts.celeba(tmp_path)
    dataset = CelebAAttributes(tmp_path, 'val')
    assert len(dataset) == 4 and len(dataset.metainfo['classes']) == 40
    # The first face of the split is number 9, which has the odd attributes.
    assert dataset.get_data_info(0)['gt_score'] == [0.0, 1.0] * 20
    assert dataset.get_cat_ids(0) == list(range(1, 40, 2))


def test_celeba_is_found_in_the_folders_of_the_official_archive(tmp_path):
    face_layouts.celeba(tmp_path)
    places = dict(Anno='list_attr_celeba.txt', Eval='list_eval_partition.txt', Img='img_align_celeba')
    for folder, name in places.items():
        (tmp_path / folder).mkdir()
        (tmp_path / name).rename(tmp_path / folder / name)
    assert len(CelebAAttributes(tmp_path, 'test')) == 4


@pytest.mark.parametrize(
    'reader, layout, split, got, official',
    [
        (RAFDB, face_layouts.rafdb, 'train', '14', '12,271'),
        (RAFDB, face_layouts.rafdb, 'test', '7', '3,068'),
        (AffectNet, face_layouts.affectnet, 'train', '10', '283,901'),
        (FER2013, face_layouts.fer2013, 'val', '7', '3,589'),
        (FERPlus, face_layouts.ferplus, 'train', '8', '28,709'),
        (CelebAAttributes, face_layouts.celeba, 'train', '8', '162,770'),
    ],
)
def test_number_of_faces_other_than_the_published_one_is_reported(tmp_path, log, reader, layout, split, got, official):
    layout(tmp_path)
    reader(tmp_path, split)
    assert sum(record.startswith('WARNING') and f'{got} faces' in record and official in record for record in log) == 1
    with pytest.raises(ValueError, match=f'{got} faces, the official one {official}'):
        reader(tmp_path, split, strict_counts=True)


def test_published_number_of_faces_is_not_reported(tmp_path, log, monkeypatch):
    face_layouts.rafdb(tmp_path)
    monkeypatch.setitem(RAFDB.OFFICIAL_COUNTS, 'test', 7)
    assert len(RAFDB(tmp_path, 'test', strict_counts=True)) == 7 and not log


@pytest.mark.parametrize(
    'old, new, message',
    [
        ('train_00002.jpg 2', 'train_00002.jpg 8', r'list_patition_label.txt:2: the label must be one of 1, .*got .8.'),
        ('train_00002.jpg 2', 'train_00002.jpg \u00b2', 'list_patition_label.txt:2: the label'),
        ('train_00002.jpg 2', 'train_00002.jpg two', 'list_patition_label.txt:2: the label'),
        ('train_00002.jpg 2', 'train_00002.jpg', 'list_patition_label.txt:2: expected'),
        ('train_00002.jpg 2', 'face.jpg 2', 'list_patition_label.txt:2: expected'),
        ('train_00002.jpg 2', 'train_/../../../../x.jpg 2', r'list_patition_label.txt:2: .*inside'),
    ],
)
def test_bad_line_is_named(tmp_path, old, new, message):
    face_layouts.rafdb(tmp_path)
    edit(tmp_path / 'EmoLabel/list_patition_label.txt', old, new)
    with pytest.raises(ValueError, match=message):
        RAFDB(tmp_path, 'train')


@pytest.mark.parametrize(
    'old, new, message',
    [
        ('2/training1.jpg,4,4,16', '2/training1.jpg,4,4,x', 'training.csv:3: face_x'),
        ('2/training1.jpg,4,4,16', '2/training1.jpg,4,4,-16', 'training.csv:3: face_x'),
        ('2/training1.jpg,4,4,16', '2/training1.jpg,4,4,99999', 'training.csv:3: face_x'),
        ('2/training1.jpg,4,4,16', '2/training1.jpg,nan,4,16', 'training.csv:3: face_x'),
        ('2/training1.jpg', '/etc/training1.jpg', 'training.csv:3: .*inside'),
        ('2/training1.jpg', '../../training1.jpg', 'training.csv:3: .*inside'),
        ('1.0;2.0,1,0.1,0.2', '1.0;2.0,1,0.1', 'training.csv:3: expected 9 fields, got 8'),
        ('1.0;2.0,1,', '1.0;2.0,11,', 'training.csv:3: expression'),
        ('expression', 'emotion', "training.csv:1: no column 'expression'"),
    ],
)
def test_bad_row_is_named(tmp_path, old, new, message):
    face_layouts.affectnet(tmp_path)
    edit(tmp_path / 'training.csv', old, new)
    with pytest.raises(ValueError, match=message):
        AffectNet(tmp_path, 'train')


@pytest.mark.parametrize(
    'old, new, message',
    [
        ('0 0 0', '0 0', 'fer2013.csv:2: expected 48 x 48'),
        ('0 0 0', '0 256 0', 'fer2013.csv:2: expected 48 x 48'),
        ('0 0 0', '0 x 0', 'fer2013.csv:2: '),
        ('0 0 0', f'0 {"9" * 30} 0', 'fer2013.csv:2: '),
        ('0,0 ', '7,0 ', 'fer2013.csv:2: emotion'),
        ('Training', 'Trainings', 'fer2013.csv:2: Usage'),
    ],
)
def test_bad_face_of_fer2013_is_named(tmp_path, old, new, message):
    face_layouts.fer2013(tmp_path)
    edit(tmp_path / 'fer2013.csv', old, new)
    with pytest.raises(ValueError, match=message):
        FER2013(tmp_path, 'train')


def test_ferplus_refuses_files_that_do_not_belong_together(tmp_path):
    face_layouts.ferplus(tmp_path)
    edit(tmp_path / 'fer2013new.csv', 'Training', 'PublicTest')
    with pytest.raises(ValueError, match='must have the same faces'):
        FERPlus(tmp_path, 'train')
    face_layouts.ferplus(tmp_path, [(11,) + (0,) * 9])
    with pytest.raises(ValueError, match='fer2013new.csv:2: neutral'):
        FERPlus(tmp_path, 'train')


@pytest.mark.parametrize(
    'name, old, new, message',
    [
        ('list_attr_celeba.txt', '16\n', 'sixteen\n', 'list_attr_celeba.txt:1: expected the number'),
        ('list_attr_celeba.txt', '16\n', '\u00b2\n', 'list_attr_celeba.txt:1: expected the number'),
        ('list_attr_celeba.txt', '16\n', '15\n', 'list_attr_celeba.txt: announces 15 images, but lists 16'),
        ('list_attr_celeba.txt', '000002.jpg', '000001.jpg', 'list_attr_celeba.txt:4: 000001.jpg is listed a second'),
        ('list_attr_celeba.txt', '000002.jpg 1', '000002.jpg', 'list_attr_celeba.txt:4: .*40 values, got 39'),
        ('list_attr_celeba.txt', '000002.jpg 1', '000002.jpg 0', 'list_attr_celeba.txt:4: an attribute'),
        ('list_attr_celeba.txt', '000002.jpg', 'other.jpg', 'list_attr_celeba.txt:4: other.jpg is not in'),
        ('list_eval_partition.txt', '000002.jpg 0', '000002.jpg 3', 'list_eval_partition.txt:2: the partition'),
        ('list_eval_partition.txt', '000002.jpg 0', '000002.jpg', 'list_eval_partition.txt:2: expected'),
    ],
)
def test_bad_line_of_celeba_is_named(tmp_path, name, old, new, message):
    face_layouts.celeba(tmp_path)
    edit(tmp_path / name, old, new)
    with pytest.raises(ValueError, match=message):
        CelebAAttributes(tmp_path, 'train')


def test_missing_image_is_named_with_the_line_and_the_number_of_others(tmp_path):
    face_layouts.rafdb(tmp_path)
    for number in (3, 5):
        os.remove(tmp_path / f'Image/aligned/train_{number:05d}_aligned.jpg')
    with pytest.raises(FileNotFoundError, match=r'label.txt:3: no image .*train_00003_aligned.jpg \(2 of 14'):
        RAFDB(tmp_path, 'train')


def test_one_missing_image_of_many_is_left_out_in_training_only(tmp_path, log):
    face_layouts.rafdb(tmp_path, train=21, test=21)
    for split in ('train', 'test'):
        os.remove(tmp_path / f'Image/aligned/{split}_00003_aligned.jpg')
    dataset = RAFDB(tmp_path, 'train')
    assert len(dataset) == 20 and 'train_00003' not in str([dataset.get_data_info(i) for i in range(20)])
    assert sum('train_00003' in record and '1 of 21 images are missing' in record for record in log) == 1
    with pytest.raises(FileNotFoundError, match='test_00003'):
        RAFDB(tmp_path, 'test')


def test_what_is_left_out_is_told(tmp_path, log):
    face_layouts.affectnet(tmp_path)
    AffectNet(tmp_path, 'val')
    (told,) = (record for record in log if 'left out' in record)
    assert 'faces with contempt: 1' in told and 'validation.csv:9' in told and 'faces with no face in them: 1' in told


@pytest.mark.parametrize('link', ['train_00003_aligned.jpg', 'a'])
def test_no_listed_image_lies_behind_a_symbolic_link(tmp_path, tmp_path_factory, link):
    face_layouts.rafdb(tmp_path)
    images = tmp_path / 'Image/aligned'
    outside = face_layouts.face(tmp_path_factory.mktemp('outside') / 'train_00003_aligned.jpg')
    os.remove(images / 'train_00003_aligned.jpg')
    (images / link).symlink_to(outside.parent if link == 'a' else outside)
    if link == 'a':
        edit(tmp_path / 'EmoLabel/list_patition_label.txt', 'train_00003.jpg', 'train_/../a/train_00003.jpg')
    with pytest.raises(ValueError, match='label.txt:3: .*symbolic link'):
        RAFDB(tmp_path, 'train')
    assert len(RAFDB(tmp_path, 'train', follow_links=True)) == 14


@pytest.mark.parametrize('reader', [RAFDB, AffectNet, FER2013, FERPlus, CelebAAttributes])
def test_missing_file_is_named(tmp_path, reader):
    with pytest.raises(FileNotFoundError, match='expected .* in '):
        reader(tmp_path, 'train')
    with pytest.raises(FileNotFoundError, match='not a folder'):
        reader(tmp_path / 'absent', 'train')


@pytest.mark.parametrize(
    'reader, arguments',
    [
        (RAFDB, dict(split='val')),
        (FER2013, dict(split='training')),
        (AffectNet, dict(num_classes=6)),
        (AffectNet, dict(margin=-1)),
        (FERPlus, dict(labels='hard')),
    ],
)
def test_unknown_option_is_refused(tmp_path, reader, arguments):
    with pytest.raises(ValueError, match='got'):
        reader(tmp_path, **arguments)


def test_file_that_is_no_text_and_split_without_faces_are_refused(tmp_path):
    face_layouts.rafdb(tmp_path, test=0)
    with pytest.raises(ValueError, match="no face of the split 'test'"):
        RAFDB(tmp_path, 'test')
    (tmp_path / 'EmoLabel/list_patition_label.txt').write_bytes(b'\xff\xfe\x00train')
    with pytest.raises(ValueError, match='label.txt: expected UTF-8'):
        RAFDB(tmp_path, 'train')


PACKED = [dict(type='LoadFace'), dict(type='PackInputs')]


def readers(root):
    """Each kind of labelled data set with files, and the path of one of its training images."""
    face_layouts.rafdb(root / 'rafdb')
    face_layouts.face_csv(root / 'csv')
    face_layouts.face_folders(root / 'folders')
    return {
        'RAFDB': (lambda **kwargs: RAFDB(str(root / 'rafdb'), **kwargs), 'rafdb/Image/aligned/train_00003_aligned.jpg'),
        'FaceCSV': (lambda **kwargs: FaceCSV('labels.csv', str(root / 'csv'), **kwargs), 'csv/train2.png'),
        'ClassFolders': (
            lambda **kwargs: ClassFolders(str(root / 'folders'), 'train', **kwargs),
            'folders/train/c/4.jpg',
        ),
    }


@pytest.mark.parametrize('kind', ['RAFDB', 'FaceCSV', 'ClassFolders'])
def test_a_truncated_image_is_replaced_and_told_in_training_and_named_in_evaluation(tmp_path, log, kind):
    for folder in ('rafdb', 'csv', 'folders'):
        (tmp_path / folder).mkdir()
    read, name = readers(tmp_path)[kind]
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-200])
    dataset = read(pipeline=PACKED)
    (place,) = (i for i in range(len(dataset)) if dataset.get_data_info(i)['img_path'] == str(path))
    sample = dataset[place]['data_samples']
    assert sample.skipped_files[0][0] == str(path) and sample.img_path != str(path)
    labels = {info['img_path']: info['gt_label'] for info in map(dataset.get_data_info, range(len(dataset)))}
    assert sample.gt_label.item() == labels[sample.img_path]  # of the image that is shown
    dataset[place]
    assert sum(str(path) in record and 'another image takes its place' in record for record in log) == 1
    with pytest.raises(BrokenImageError, match=name):
        read(pipeline=PACKED, test_mode=True)[place]
