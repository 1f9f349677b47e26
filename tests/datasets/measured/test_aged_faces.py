"""Ages in the names of images: what they mean, who is in which split, and what is said about a wrong one."""

import face_layouts
import pytest

from fra_plugin.datasets import MORPH, FGNet, UTKFace

READERS = dict(
    UTKFace=(UTKFace, face_layouts.utkface), MORPH=(MORPH, face_layouts.morph), FGNet=(FGNet, face_layouts.fgnet)
)


def ages(dataset):
    return [dataset.get_data_info(i)['gt_score'] for i in range(len(dataset))]


def names(*datasets):
    return [dataset.get_data_info(i)['img_path'].rsplit('/', 1)[1] for dataset in datasets for i in range(len(dataset))]


def test_utkface_takes_the_first_number_of_a_name(tmp_path):
    face_layouts.utkface(tmp_path)
    parts = [UTKFace(tmp_path, split) for split in ('train', 'test')]
    assert sorted(age for part in parts for age in ages(part)) == [[float(age)] for age in range(20, 36)]
    assert all(name.startswith(f'{int(age)}_') for part in parts for name, (age,) in zip(names(part), ages(part)))
    assert [part.test_mode for part in parts] == [False, True] and parts[0].metainfo['classes'] == ('age',)


def test_fgnet_tests_one_person(tmp_path):
    face_layouts.fgnet(tmp_path)
    train, test = (FGNet(tmp_path, split, person=2) for split in ('train', 'test'))
    assert names(test) == ['002A00.JPG', '002A03.JPG', '002A06.JPG', '002A09b.JPG']
    assert ages(test) == [[0.0], [3.0], [6.0], [9.0]] and len(train) == 12
    with pytest.raises(ValueError, match="FGNet: no face of the split 'test'"):
        FGNet(tmp_path, 'test', person=5)
    with pytest.raises(ValueError, match='person must be 1 to 82, got 99'):
        FGNet(tmp_path, person=99)
    with pytest.raises(ValueError, match='set person'):
        FGNet(tmp_path, fold=1)


def test_morph_shares_no_person_between_its_splits(tmp_path):
    face_layouts.morph(tmp_path)
    parts = [MORPH(tmp_path, 'test', fold=fold) for fold in range(5)]
    people = [{name.split('_')[0] for name in names(part)} for part in parts]
    assert sum(map(len, people)) == len(set().union(*people)) == 16 and sum(map(len, parts)) == 32
    train = MORPH(tmp_path, fold=4)
    assert {name.split('_')[0] for name in names(train)} == set().union(*people[:4])
    assert all(name.split('.')[0].endswith(str(int(age))) for name, (age,) in zip(names(train), ages(train)))


@pytest.mark.parametrize('name', READERS)
def test_the_splits_hold_each_face_once_on_any_machine(tmp_path, name):
    reader, layout = READERS[name]
    layout(tmp_path)
    parts = [names(reader(tmp_path, split)) for split in ('train', 'test')]
    assert not set(parts[0]) & set(parts[1]) and all(parts)
    assert names(reader(tmp_path, 'test')) == parts[1]
    if name == 'UTKFace':  # what the hash has given once, it gives for ever
        assert [part.split('_')[0] for part in parts[1]] == ['25', '32', '35']


def test_one_class_a_year_is_an_option(tmp_path):
    face_layouts.utkface(tmp_path)
    dataset = UTKFace(tmp_path, target='class', max_age=100)
    assert len(dataset.metainfo['classes']) == 101 and dataset.metainfo['classes'][30] == '30'
    assert [[float(label)] for label in dataset.get_gt_labels()] == ages(UTKFace(tmp_path))


@pytest.mark.parametrize('target', ['number', 'class'])
def test_age_out_of_range_is_named(tmp_path, target):
    face_layouts.utkface(tmp_path)
    face_layouts.face(tmp_path / 'UTKFace/117_0_0_20170116184024662.jpg')
    with pytest.raises(
        ValueError, match='117_0_0_20170116184024662.jpg: the age in the name must be one of 0 to 116, got'
    ):
        UTKFace(tmp_path, target=target)
    assert len(UTKFace(tmp_path, target=target, max_age=117)) + len(UTKFace(tmp_path, 'test', max_age=117)) == 17


def test_names_of_another_form_are_left_out_and_counted(tmp_path, log):
    face_layouts.utkface(tmp_path)
    for name in ('39_1_20170116174525125.jpg.chip.jpg', 'holiday.jpg', '-3_0_0_1.jpg'):
        face_layouts.face(tmp_path / 'UTKFace' / name)
    assert len(UTKFace(tmp_path)) + len(UTKFace(tmp_path, 'test')) == 16
    assert any('images not named AGE_GENDER_RACE_DATE.jpg: 3 (such as' in record for record in log)


@pytest.mark.parametrize('name, official', [('UTKFace', '23,705'), ('MORPH', '55,134'), ('FGNet', '1,002')])
def test_the_published_number_is_that_of_the_whole_set(tmp_path, log, monkeypatch, name, official):
    reader, layout = READERS[name]
    layout(tmp_path)
    reader(tmp_path)
    assert sum('the whole set in' in record and f'the official one {official}' in record for record in log) == 1
    with pytest.raises(ValueError, match=f'the official one {official}'):
        reader(tmp_path, strict_counts=True)
    log.clear()
    monkeypatch.setitem(reader.OFFICIAL_COUNTS, 'test', 32 if name == 'MORPH' else 16)
    assert len(reader(tmp_path, 'test', strict_counts=True)) and not log


def test_wrong_arguments_and_empty_folders_are_told(tmp_path):
    face_layouts.utkface(tmp_path)
    for options, message in (
        (dict(target='years'), "target must be number or class, got 'years'"),
        (dict(max_age=0), 'max_age must be'),
        (dict(fold=5), 'fold must be 0 to 4, got 5'),
        (dict(split='val'), "UTKFace has the splits train, test, got 'val'"),
    ):
        with pytest.raises(ValueError, match=message):
            UTKFace(tmp_path, **options)
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match='empty'):
        MORPH(tmp_path / 'empty')
    with pytest.raises(FileNotFoundError, match='expected Album2'):
        MORPH(tmp_path / 'gone')


def test_real_faces_have_the_ages_of_their_list(real_data):
    import csv

    root = real_data / 'utkface112'
    with open(root / 'labels.csv', newline='') as file:
        listed = {row['file_name']: float(row['age']) for row in csv.DictReader(file)}
    parts = [UTKFace(root, split) for split in ('train', 'test')]
    assert dict(zip(names(*parts), [age for part in parts for (age,) in ages(part)])) == listed
    assert 0.19 < len(parts[1]) / len(listed) < 0.21
