"""A folder for each class: numbers, what is no class, what is left out."""

import os

import pytest
from face_layouts import face
from mmpretrain.datasets import CustomDataset

from fra_plugin.datasets import ClassFolders


@pytest.fixture
def faces(tmp_path):
    for part, names in (('train', ['anger', 'joy', 'sad']), ('val', ['joy', 'sad'])):
        for name in names:
            for i in range(2):
                face(tmp_path / part / name / f'{i}.jpg')
    return tmp_path


def content(dataset):
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return {os.path.relpath(info['img_path'], dataset.data_root): info['gt_label'] for info in infos}


def test_classes_are_numbered_in_alphabetical_order_as_in_mmpretrain(faces):
    dataset = ClassFolders(str(faces), 'train')
    assert dataset.metainfo['classes'] == ('anger', 'joy', 'sad') and dataset.get_cat_ids(4) == [2]
    assert content(dataset) == content(CustomDataset(data_root=str(faces), data_prefix='train'))


def test_a_split_without_a_class_keeps_the_numbers_of_the_training_split(faces, log):
    dataset = ClassFolders(str(faces), 'val', classes_from='train')
    assert content(dataset) == {'val/joy/0.jpg': 1, 'val/joy/1.jpg': 1, 'val/sad/0.jpg': 2, 'val/sad/1.jpg': 2}
    assert dataset.metainfo['classes'] == ('anger', 'joy', 'sad')
    assert len(log) == 1 and 'no image of the classes anger' in log[0]
    assert content(ClassFolders(str(faces), 'val', classes=['sad', 'joy']))['val/sad/0.jpg'] == 0


def test_a_folder_that_is_no_class_is_refused(faces):
    face(faces / 'val/fear/0.jpg')
    with pytest.raises(ValueError, match='fear is no class; those of .*train are anger, joy, sad'):
        ClassFolders(str(faces), 'val', classes_from='train')
    with pytest.raises(ValueError, match='anger is no class; the classes are joy, sad'):
        ClassFolders(str(faces), 'train', classes=['joy', 'sad'])


def test_hidden_and_system_folders_are_no_classes_and_all_left_out_is_told(faces, log):
    for name in ('.cache/0.jpg', '@eaDir/0.jpg', 'lost+found/0.jpg', 'joy/._0.jpg', 'joy/@eaDir/0.jpg', 'stray.jpg'):
        face(faces / 'train' / name)
    (faces / 'train/joy/notes.txt').write_text('')
    dataset = ClassFolders(str(faces), 'train')
    assert dataset.metainfo['classes'] == ('anger', 'joy', 'sad') and len(dataset) == 6
    told = ' '.join(log)
    for reason in (
        'hidden files or folders: 2',
        'folders of the system: 3',
        'files with another ending: 1 (joy/notes.txt)',
    ):
        assert told.count(reason) == 1
    assert 'left out: 1 images outside a class folder' in told


@pytest.mark.parametrize('ending', ['webp', 'gif', 'tiff', 'PNG'])
def test_endings_are_those_of_every_data_set(faces, ending):
    os.rename(faces / 'train/joy/0.jpg', faces / f'train/joy/0.{ending}')
    assert content(ClassFolders(str(faces), 'train'))[f'train/joy/0.{ending}'] == 1


def test_links_are_left_out_unless_they_are_to_be_followed(faces, tmp_path_factory, log):
    outside = tmp_path_factory.mktemp('outside')
    face(outside / 'fear/0.jpg')
    (faces / 'train/fear').symlink_to(outside / 'fear')
    (faces / 'train/joy/2.jpg').symlink_to(outside / 'fear/0.jpg')
    (faces / 'train/joy/loop').symlink_to(faces / 'train/joy')
    dataset = ClassFolders(str(faces), 'train')
    assert len(dataset) == 6 and 'follow_links=True' in log[0]
    assert set(content(ClassFolders(str(faces), 'train', follow_links=True)).values()) == {0, 1, 2, 3}


def test_missing_folders_and_no_images_are_named(faces):
    with pytest.raises(FileNotFoundError, match='test'):
        ClassFolders(str(faces), 'test')
    with pytest.raises(FileNotFoundError, match='training'):
        ClassFolders(str(faces), 'val', classes_from='training')
    (faces / 'empty/joy').mkdir(parents=True)
    with pytest.raises(ValueError, match='empty: no image found'):
        ClassFolders(str(faces), 'empty')
    with pytest.raises(ValueError, match='twice'):
        ClassFolders(str(faces), 'val', classes_from='train', classes=['joy'])


@pytest.mark.parametrize('indices, error', [(0, ValueError), ([], ValueError), ('5', TypeError), (0.5, TypeError)])
def test_indices_that_are_none_are_refused(tmp_path, indices, error):
    face(tmp_path / 'joy' / '0.jpg')
    with pytest.raises(error, match='indices'):
        ClassFolders(str(tmp_path), indices=indices)
