"""Action units of video frames: what their codes mean, whose frames are tested, and what is said about a wrong code."""

import face_layouts
import pytest

from fra_plugin.datasets import BP4D, DISFA


def info(dataset):
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def people(dataset):
    return {data['img_path'].split('/img/')[1].split('/')[0] for data in info(dataset)}


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_bp4d_takes_the_columns_of_its_units(tmp_path):
    face_layouts.bp4d(tmp_path)
    first = info(BP4D(tmp_path))[0]
    assert first['img_path'] == str(tmp_path / 'img/F001/T1/0010.jpg')
    assert first['gt_score'] == [float(unit % 2) for unit in (1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24)]
    dataset = BP4D(tmp_path, units=[12, 1])
    assert dataset.metainfo['classes'] == ('AU12', 'AU1') and info(dataset)[1]['gt_score'] == [1.0, 0.0]


def test_bp4d_frame_with_a_unit_that_is_not_known_is_left_out(tmp_path, log):
    face_layouts.bp4d(tmp_path)
    assert len(BP4D(tmp_path)) == 2 * 3 and len(BP4D(tmp_path, units=[1, 2])) == 2 * 4
    assert any(
        'frames with a unit that is not coded: 2 (such as' in record and 'F001_T1.csv:5' in record for record in log
    )


@pytest.mark.parametrize('reader, layout', [(BP4D, face_layouts.bp4d), (DISFA, face_layouts.disfa)])
def test_every_person_is_tested_once(tmp_path, reader, layout):
    everyone = [person for fold in reader.FOLDS for person in fold.split()]
    assert len(everyone) == len(set(everyone)) == (41 if reader is BP4D else 27)
    layout(tmp_path)
    tested = [people(reader(tmp_path, 'test', test_on=fold)) for fold in (1, 2, 3)]
    assert sum(map(len, tested)) == len(set().union(*tested)) == len(list((tmp_path / 'img').iterdir()))
    for fold, part in enumerate(tested, 1):
        assert people(reader(tmp_path, 'train', test_on=fold)) == set().union(*tested) - part
        assert part <= set(reader.FOLDS[fold - 1].split())


def test_who_is_tested_can_be_named(tmp_path):
    face_layouts.disfa(tmp_path, ['SN001', 'X'])
    assert people(DISFA(tmp_path, 'test', test_on=['X'])) == {'X'} and people(DISFA(tmp_path, test_on=['X'])) == {
        'SN001'
    }
    with pytest.raises(ValueError, match='ActionUnit_Labels/X: X is in no published fold'):
        DISFA(tmp_path)


def test_disfa_intensities_from_two_on_are_occurrence(tmp_path):
    face_layouts.disfa(tmp_path)
    intensities = [(n + unit) % 6 for n in range(1, 7) for unit in (1, 12)]
    options = dict(units=[1, 12], test_on=['SN006', 'SN003'])
    assert [v for data in info(DISFA(tmp_path, threshold=None, **options)) for v in data['gt_score']] == intensities
    occurrence = [v for data in info(DISFA(tmp_path, **options)) for v in data['gt_score']]
    assert occurrence == [float(value >= 2) for value in intensities]


def test_disfa_frame_that_one_file_lacks_is_left_out(tmp_path, log):
    face_layouts.disfa(tmp_path)
    edit(tmp_path / 'ActionUnit_Labels/SN001/SN001_au12.txt', '6,0\n', '')
    assert len(DISFA(tmp_path)) == 11
    assert any('frames with a unit that is not coded: 1 (' in record for record in log)


@pytest.mark.parametrize(
    'old, new, message',
    [
        ('\n10,1', '\n10,2', 'F001_T1.csv:2: unit 1 must be one of 0, 1, 9, got .2.'),
        ('\n10,1', '\nx,1', r'F001_T1.csv:2: the frame \(column 0\) must be one of 0 to 999999, got .x.'),
        ('\n10,1', '\n10', 'F001_T1.csv:2: expected 100 fields, got 99'),
        (',24,', ',U24,', "F001_T1.csv:1: no column '24'"),
    ],
)
def test_bad_code_of_bp4d_is_named(tmp_path, old, new, message):
    face_layouts.bp4d(tmp_path)
    edit(tmp_path / 'AUCoding/AU_OCC/F001_T1.csv', old, new)
    with pytest.raises(ValueError, match=message):
        BP4D(tmp_path)


@pytest.mark.parametrize(
    'old, new, message',
    [
        ('2,3', '2,6', 'SN001_au1.txt:2: the intensity must be one of 0, 1, 2, 3, 4, 5, got .6.'),
        ('2,3', '2', 'SN001_au1.txt:2: expected "FRAME,INTENSITY", got .2.'),
        ('2,3', 'nan,3', 'SN001_au1.txt:2: the frame'),
    ],
)
def test_bad_code_of_disfa_is_named(tmp_path, old, new, message):
    face_layouts.disfa(tmp_path)
    edit(tmp_path / 'ActionUnit_Labels/SN001/SN001_au1.txt', old, new)
    with pytest.raises(ValueError, match=message):
        DISFA(tmp_path)


def test_a_unit_without_a_file_is_named(tmp_path):
    face_layouts.disfa(tmp_path)
    with pytest.raises(FileNotFoundError, match='SN001_au7.txt'):
        DISFA(tmp_path, units=[7])


def test_missing_frames_are_told_by_the_code_that_names_them(tmp_path):
    face_layouts.bp4d(tmp_path)
    (tmp_path / 'img/F004/T1/0011.jpg').unlink()
    with pytest.raises(FileNotFoundError, match=r'F004_T1.csv:3: no image .*img/F004/T1/11.jpg \(1 of 6'):
        BP4D(tmp_path, 'test')
    assert len(BP4D(tmp_path, test_on=1, max_missing=0.2)) == 8


def test_wrong_arguments_are_refused(tmp_path):
    face_layouts.disfa(tmp_path)
    for options, message in (
        (dict(units=[]), 'units must be different numbers'),
        (dict(units=[12, 12]), 'units must be different numbers'),
        (dict(test_on=4), 'test_on must be a fold, 1 to 3'),
        (dict(test_on='3'), "or a list of people, got '3'"),
        (dict(test_on=True), 'or a list of people, got True'),
        (dict(threshold=0), 'threshold must be 1 to 5 or None, got 0'),
        (dict(split='val'), 'splits train, test'),
    ):
        with pytest.raises(ValueError, match=message):
            DISFA(tmp_path, **options)
