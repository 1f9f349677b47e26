"""Head poses in .mat files: what they mean, which faces are taken, and what is said about a wrong file."""

import math

import face_layouts
import numpy as np
import pytest

from fra_plugin.datasets import AFLW2000, Pose300WLP, RandomFlipPose

pytest.importorskip('scipy')


def info(dataset):
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def test_radians_of_pitch_yaw_roll_become_degrees_of_yaw_pitch_roll(tmp_path):
    face_layouts.pose(tmp_path / 'image00002.jpg', (0.1, -0.5, 0.2))
    dataset = AFLW2000(tmp_path)
    assert dataset.metainfo['classes'] == ('yaw', 'pitch', 'roll') and dataset.test_mode
    assert info(dataset)[0]['gt_score'] == pytest.approx([math.degrees(angle) for angle in (-0.5, 0.1, 0.2)])


def test_300w_lp_is_its_four_sets_and_their_mirror_images(tmp_path, log):
    face_layouts.w300lp(tmp_path)
    dataset = Pose300WLP(tmp_path)
    places = [data['img_path'].split('300W_LP/')[1] for data in info(dataset)]
    assert len(places) == 16 and {place.split('/')[0] for place in places} == {
        folder + suffix for folder in ('AFW', 'HELEN', 'IBUG', 'LFPW') for suffix in ('', '_Flip')
    }
    assert len(Pose300WLP(tmp_path / '300W_LP')) == 16 and not dataset.test_mode
    assert any('faces with an angle beyond 99 degrees: 1 (' in record and 'AFW_9_0.mat' in record for record in log)
    assert any('has 17 faces, the official one 122,450' in record for record in log)
    assert len(Pose300WLP(tmp_path, max_angle=None)) == 17 and len(Pose300WLP(tmp_path, max_angle=20)) == 8


def test_aflw2000_has_no_faces_of_its_code(tmp_path):
    face_layouts.aflw2000(tmp_path)
    yaws = [data['gt_score'][0] for data in info(AFLW2000(tmp_path))]
    assert yaws == pytest.approx([math.degrees(0.1 * i) for i in range(8)])


@pytest.mark.parametrize('reader, layout', [(Pose300WLP, face_layouts.w300lp), (AFLW2000, face_layouts.aflw2000)])
def test_the_box_is_that_of_the_landmarks_widened_most_at_the_top(tmp_path, reader, layout):
    layout(tmp_path)
    assert info(reader(tmp_path, margin=0))[0]['bbox'] == (6, 6, 18, 18)
    assert info(reader(tmp_path, margin=0.5))[0]['bbox'] == pytest.approx((2.4, -6, 21.6, 21.6))
    assert 'bbox' not in info(reader(tmp_path, margin=None))[0]
    assert reader(tmp_path, margin=0, pipeline=[dict(type='LoadFace')])[0]['img'].shape == (12, 12, 3)


NAN, TEXT = np.full((1, 7), np.nan), np.array(['pose'])


@pytest.mark.parametrize(
    'entries, message',
    [
        (
            dict(Pose_Para=NAN),
            r'image00002.mat: Pose_Para must begin with pitch, yaw and roll, three finite .* got \[nan',
        ),
        (dict(Pose_Para=np.zeros((1, 2))), 'image00002.mat: Pose_Para must begin'),
        (dict(Pose_Para=TEXT), 'image00002.mat: Pose_Para must hold numbers'),
        (dict(Pose_Para=None), 'image00002.mat: no entry Pose_Para'),
        (dict(pt3d_68=None), 'image00002.mat: no entry pt3d_68'),
        (dict(pt3d_68=np.full((3, 68), np.inf)), 'image00002.mat: pt3d_68 must be coordinates .* finite'),
        (dict(pt3d_68=np.full((3, 68), 1e6)), 'image00002.mat: pt3d_68 must be coordinates .* up to 65535'),
        (dict(pt3d_68=np.zeros((1, 68))), r'image00002.mat: pt3d_68 must be coordinates .* got \(1, 68\)'),
        (dict(pt3d_68=np.zeros((3, 68))), 'image00002.mat: pt3d_68 must span a box, got 0 x 0'),
    ],
)
def test_bad_entry_is_named(tmp_path, entries, message):
    from scipy.io import loadmat, savemat

    path = face_layouts.pose(tmp_path / 'image00002.jpg').with_suffix('.mat')
    mat = {key: value for key, value in loadmat(path).items() if key[0] != '_'}
    mat.update(entries)
    savemat(path, {key: value for key, value in mat.items() if value is not None})
    with pytest.raises(ValueError, match=message):
        AFLW2000(tmp_path)


@pytest.mark.parametrize('damage', [b'', b'no .mat file at all' * 20, 'half'])
def test_a_file_that_is_no_mat_file_is_named(tmp_path, damage):
    path = face_layouts.pose(tmp_path / 'image00002.jpg').with_suffix('.mat')
    path.write_bytes(path.read_bytes()[:150] if damage == 'half' else damage)
    with pytest.raises(ValueError, match='image00002.mat: (not a .mat file|no entry)'):
        AFLW2000(tmp_path)


def test_an_image_without_its_pose_is_named(tmp_path):
    face_layouts.aflw2000(tmp_path)
    (tmp_path / 'AFLW2000/image00004.mat').unlink()
    with pytest.raises(FileNotFoundError, match='image00004.mat: no such file'):
        AFLW2000(tmp_path)


def test_wrong_arguments_are_refused(tmp_path):
    face_layouts.aflw2000(tmp_path)
    for options, message in (
        (dict(max_angle=0), 'max_angle'),
        (dict(margin=-1), 'margin'),
        (dict(split='train'), 'split'),
    ):
        with pytest.raises(ValueError, match=message):
            AFLW2000(tmp_path, **options)


def test_a_mirrored_face_turns_and_rolls_the_other_way():
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    results = RandomFlipPose(prob=1.0)(dict(img=image, gt_score=[10.0, 20.0, 30.0]))
    assert results['gt_score'] == [-10.0, 20.0, -30.0] and np.array_equal(results['img'], image[:, ::-1])
    results = RandomFlipPose(prob=0.0)(dict(img=image, gt_score=[10.0, 20.0, 30.0]))
    assert results['gt_score'] == [10.0, 20.0, 30.0] and np.array_equal(results['img'], image)


def test_an_epoch_does_not_change_what_is_stored(tmp_path):
    face_layouts.aflw2000(tmp_path)
    dataset = AFLW2000(tmp_path, pipeline=[dict(type='LoadFace'), dict(type='RandomFlipPose', prob=1.0)])
    assert [dataset[7]['gt_score'] for _ in range(3)] == [
        [-yaw, pitch, -roll] for yaw, pitch, roll in [info(dataset)[7]['gt_score']] * 3
    ]
