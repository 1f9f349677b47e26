"""A user's csv file: columns, splits, numbering of the labels, and rows that can't be used."""

import os

import face_layouts
import pytest
from face_layouts import face, table

from fra_plugin.datasets import FaceCSV


@pytest.fixture
def faces(tmp_path):
    for name in ('a.jpg', 'b.jpg', 'c.jpg'):
        face(tmp_path / 'img' / name)
    return tmp_path


def labels(dataset):
    return [dataset.get_data_info(i)['gt_label'] for i in range(len(dataset))]


def test_rows_of_the_split_with_labels_in_alphabetical_order(tmp_path):
    face_layouts.face_csv(tmp_path)
    dataset = FaceCSV('labels.csv', tmp_path, split='val')
    assert labels(dataset) == [*range(7)] * 2 and dataset.metainfo['classes'] == tuple('abcdefg')
    assert dataset.get_data_info(1)['img_path'] == str(tmp_path / 'val1.png') and dataset.get_cat_ids(1) == [1]
    assert len(FaceCSV('labels.csv', tmp_path)) == 28


def test_labels_are_numbered_alike_in_all_splits(faces):
    table(faces / 'l.csv', [['path', 'label', 'split'], ['a.jpg', 'sad', 'train'], ['b.jpg', 'happy', 'val']])
    assert labels(FaceCSV('l.csv', faces, 'img', split='train')) == [1]


def test_integer_labels_are_ordered_as_numbers(faces):
    table(faces / 'l.csv', [['path', 'label'], ['a.jpg', 10], ['b.jpg', 9], ['c.jpg', 2]])
    dataset = FaceCSV('l.csv', faces, 'img')
    assert dataset.metainfo['classes'] == ('2', '9', '10') and labels(dataset) == [2, 1, 0]


def test_attributes_by_what_means_yes_and_no(faces):
    table(faces / 'l.csv', [['file', 'male', 'smile'], ['a.jpg', 1, 2], ['b.jpg', 2, 2], ['c.jpg', '', 1]])
    dataset = FaceCSV(
        'l.csv',
        faces,
        'img',
        image_column='file',
        attribute_columns=['smile', 'male'],
        yes=['1'],
        no=['2'],
        unlabelled='skip',
    )
    assert [dataset.get_data_info(i)['gt_score'] for i in range(len(dataset))] == [[0.0, 1.0], [0.0, 0.0]]
    assert dataset.metainfo['classes'] == ('smile', 'male') and dataset.get_cat_ids(0) == [1]


def test_rows_without_a_label_are_left_out_and_counted_and_other_labels_are_errors(faces, log):
    table(faces / 'l.csv', [['path', 'label'], ['a.jpg', 'sad'], ['b.jpg', ''], ['c.jpg', 'happy']])
    options = dict(data_root=faces, data_prefix='img', classes=['happy', 'sad'])
    assert labels(FaceCSV('l.csv', **options)) == [1, 0]
    assert len(log) == 1 and "rows whose label is '': 1" in log[0] and 'l.csv:3' in log[0]
    with pytest.raises(ValueError, match="l.csv:3: label must be one of happy, sad, got ''.*skip_empty"):
        FaceCSV('l.csv', unlabelled='error', **options)
    table(faces / 'l.csv', [['path', 'label'], ['a.jpg', 'sad'], ['b.jpg', 'angry'], ['c.jpg', 'happy']])
    with pytest.raises(ValueError, match="l.csv:3: label must be one of happy, sad, got 'angry'"):
        FaceCSV('l.csv', **options)
    assert labels(FaceCSV('l.csv', unlabelled='skip', **options)) == [1, 0]


@pytest.mark.parametrize('value', ['nan', 'None', 'NULL', '<NA>'])
def test_what_means_no_value_is_no_class_unless_it_is_called_one(faces, value):
    table(faces / 'l.csv', [['path', 'label'], ['a.jpg', 'sad'], ['b.jpg', value], ['c.jpg', 'happy']])
    dataset = FaceCSV('l.csv', faces, 'img')
    assert dataset.metainfo['classes'] == ('happy', 'sad') and labels(dataset) == [1, 0]
    assert labels(FaceCSV('l.csv', faces, 'img', classes=['happy', 'sad', value])) == [1, 2, 0]


def test_a_file_for_each_split_is_numbered_by_that_of_the_training_split(faces):
    table(faces / 'train.csv', [['path', 'label'], ['a.jpg', 'anger'], ['b.jpg', 'joy'], ['c.jpg', 'sad']])
    table(faces / 'val.csv', [['path', 'label'], ['b.jpg', 'joy'], ['c.jpg', 'sad']])
    val = FaceCSV('val.csv', faces, 'img', classes_from='train.csv')
    assert labels(val) == [1, 2] and val.metainfo['classes'] == ('anger', 'joy', 'sad')
    table(faces / 'val.csv', [['path', 'label'], ['b.jpg', 'fear']])
    with pytest.raises(ValueError, match="val.csv:2: label must be one of anger, joy, sad, got 'fear'"):
        FaceCSV('val.csv', faces, 'img', classes_from='train.csv')
    with pytest.raises(ValueError, match='classes_from'):
        FaceCSV('val.csv', faces, 'img', classes_from='train.csv', classes=['joy'])


@pytest.mark.parametrize('odd', ['\u00b2', '--1', '1_0', '9' * 5000, '-', '\u0663'])
def test_labels_that_only_look_like_integers_are_names(faces, odd):
    table(faces / 'l.csv', [['path', 'label'], ['a.jpg', odd], ['b.jpg', '7'], ['c.jpg', '10']])
    assert set(FaceCSV('l.csv', faces, 'img').metainfo['classes']) == {odd, '7', '10'}


def test_labels_of_one_number_keep_their_order(faces):
    table(faces / 'l.csv', [['path', 'label'], ['a.jpg', '1'], ['b.jpg', '01'], ['c.jpg', '001']])
    assert FaceCSV('l.csv', faces, 'img').metainfo['classes'] == ('001', '01', '1')


def test_a_few_missing_images_are_left_out_in_training_and_refused_in_evaluation(faces, log):
    table(faces / 'l.csv', [['path', 'label'], *([f'{"abc"[i % 3]}.jpg', 'sad'] for i in range(39)), ['d.jpg', 'sad']])
    assert len(FaceCSV('l.csv', faces, 'img')) == 39
    assert len(log) == 1 and 'l.csv:41' in log[0] and '1 of 40 images are missing' in log[0]
    with pytest.raises(FileNotFoundError, match=r'l.csv:41: no image .*d.jpg \(1 of 40'):
        FaceCSV('l.csv', faces, 'img', test_mode=True)
    with pytest.raises(FileNotFoundError, match='d.jpg'):
        FaceCSV('l.csv', faces, 'img', max_missing=0)
    with pytest.raises(ValueError, match='max_missing'):
        FaceCSV('l.csv', faces, 'img', max_missing=1)


@pytest.mark.parametrize('make', [os.mkdir, os.mkfifo, lambda path: os.symlink('gone', path)])
def test_a_folder_a_pipe_and_a_dead_link_are_no_images(faces, make):
    make(faces / 'img' / 'd.jpg')
    table(faces / 'l.csv', [['path', 'label'], ['d.jpg', 'sad']])
    with pytest.raises(FileNotFoundError, match='l.csv:2: no image .*d.jpg'):
        FaceCSV('l.csv', faces, 'img')


@pytest.mark.parametrize('link, row', [('d.jpg', 'd.jpg'), ('sub', 'sub/a.jpg')])
def test_no_row_leaves_the_folder_by_a_symbolic_link(faces, tmp_path_factory, link, row):
    outside = tmp_path_factory.mktemp('outside')
    face(outside / 'a.jpg')
    (faces / 'img' / link).symlink_to(outside if link == 'sub' else outside / 'a.jpg')
    table(faces / 'l.csv', [['path', 'label'], [row, 'sad']])
    with pytest.raises(ValueError, match='l.csv:2: .*symbolic link'):
        FaceCSV('l.csv', faces, 'img')
    assert len(FaceCSV('l.csv', faces, 'img', follow_links=True)) == 1
    (faces / 'linked').symlink_to(faces / 'img')  # the folder itself may be one, and links inside it lead nowhere else
    (faces / 'img/e.jpg').symlink_to('b.jpg')
    table(faces / 'l.csv', [['path', 'label'], ['e.jpg', 'sad']])
    assert len(FaceCSV('l.csv', faces, 'linked')) == 1


@pytest.mark.parametrize(
    'row, message',
    [
        (['../secret.jpg', 'sad', 'train'], 'l.csv:2: .*inside'),
        (['/etc/passwd', 'sad', 'train'], 'l.csv:2: .*inside'),
        (['..\\secret.jpg', 'sad', 'train'], 'l.csv:2: .*inside'),
        (['', 'sad', 'train'], 'l.csv:2: .*inside'),
        (['a.jpg', 'sad'], 'l.csv:2: expected 3 fields, got 2'),
        (['a.jpg', 'sad', 'val'], "no 'train', but 'val'"),
    ],
)
def test_bad_row_is_named(faces, row, message):
    table(faces / 'l.csv', [['path', 'label', 'split'], row])
    with pytest.raises(ValueError, match=message):
        FaceCSV('l.csv', faces, 'img', split='train')


def test_other_mistakes_are_named(faces):
    table(faces / 'l.csv', [['path', 'label', 'smile'], ['a.jpg', 'sad', 'yes'], ['d.jpg', 'sad', '1']])
    with pytest.raises(ValueError, match="l.csv:1: no column 'image'"):
        FaceCSV('l.csv', faces, 'img', image_column='image')
    with pytest.raises(ValueError, match="l.csv:2: smile must be one of 1, 0, -1, got 'yes'"):
        FaceCSV('l.csv', faces, 'img', attribute_columns=['smile'])
    with pytest.raises(FileNotFoundError, match=r'l.csv:3: no image .*d.jpg \(1 of 2'):
        FaceCSV('l.csv', faces, 'img')
    with pytest.raises(FileNotFoundError, match='no annotation file'):
        FaceCSV('absent.csv', faces, 'img')
    with pytest.raises(ValueError, match='unlabelled'):
        FaceCSV('l.csv', faces, 'img', unlabelled='drop')
    table(faces / 'two.csv', [['path', 'label', 'label'], ['a.jpg', 'sad', 'joy']])
    with pytest.raises(ValueError, match="two.csv:1: two columns are called 'label'"):
        FaceCSV('two.csv', faces, 'img')
    table(faces / 'empty.csv', [['path', 'label']])
    with pytest.raises(ValueError, match='no labelled face'):
        FaceCSV('empty.csv', faces, 'img')


def test_real_expressions_and_attributes_are_read(real_data):
    expressions = ['neutral', 'happiness', 'surprise', 'sadness', 'anger']
    dataset = FaceCSV(
        'labels.csv',
        real_data / 'muxspace_expr',
        'images',
        image_column='file_name',
        label_column='expression',
        split='val',
        classes=expressions,
        unlabelled='skip',
    )
    assert len(dataset) > 1000 and set(labels(dataset)) == set(range(5))
    dataset = FaceCSV(
        'attributes.csv',
        real_data / 'lfw_color5pt',
        'images',
        image_column='file_name',
        split='val',
        attribute_columns=['gender', 'smile', 'glasses'],
        no=['2'],
        unlabelled='skip',
    )
    assert len(dataset) > 500 and len(dataset.get_data_info(0)['gt_score']) == 3
