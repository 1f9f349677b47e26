"""A user's csv file: columns, splits, numbering of the labels, and rows that can't be used."""

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


def test_other_labels_are_errors_unless_they_are_to_be_skipped(faces):
    table(faces / 'l.csv', [['path', 'label'], ['a.jpg', 'sad'], ['b.jpg', ''], ['c.jpg', 'happy']])
    options = dict(data_root=faces, data_prefix='img', classes=['happy', 'sad'])
    with pytest.raises(ValueError, match="l.csv:3: label must be one of happy, sad, got ''"):
        FaceCSV('l.csv', **options)
    assert labels(FaceCSV('l.csv', unlabelled='skip', **options)) == [1, 0]


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
