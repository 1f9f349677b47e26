"""Synthetic faces: the same numbers give the same files, the truth fits the drawing, readers of real data sets read it."""

import hashlib
import json
import os
import runpy
import sys
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from fra_plugin.datasets import RAFDB, CelebAAttributes, FacePairs
from fra_plugin.synthetic import (
    EXPRESSIONS,
    IMAGES_PER_IDENTITY,
    REGIONS,
    render,
    render_face,
    write_synthetic_faces,
    writer,
)
from fra_plugin.synthetic.expression import sample_expression, sample_movement
from fra_plugin.synthetic.face import face_outline
from fra_plugin.synthetic.geometry import Head, rotation, smooth
from fra_plugin.synthetic.identity import sample_identity

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'dataset_converters' / 'make_synthetic_faces.py'
COVERS = ('hair', 'glasses', 'hat', 'occluder')


def digests(root):
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob('*'))
        if path.is_file()
    }


def label_names(face, point):
    """Names of the regions within a pixel of a point."""
    x, y = np.rint(point).astype(int)
    return {REGIONS[label] for label in face['regions'][max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].ravel()}


def posed(yaw=0.0, expression=7, number=0, strength_seed=0):
    head = Head(
        sample_identity(0, number),
        sample_movement(np.random.default_rng(strength_seed), expression),
        rotation(yaw, 0, 0),
        12.0,
    )
    head.frame(np.array([128.0, 128.0]), 60.0)
    return head


@pytest.fixture(scope='module')
def faces():
    return [render_face(2, index, 96) for index in range(28)]


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    """20 identities, 4 of them held out: the smallest set with LFW's pairs."""
    return write_synthetic_faces(tmp_path_factory.mktemp('faces') / 'set', num=80, size=32, seed=1, workers=2)


# determinism ---------------------------------------------------------------------------------------------------------


def test_files_do_not_depend_on_the_number_of_workers(tmp_path):
    for workers in (1, 2, 3):
        write_synthetic_faces(tmp_path / str(workers), num=11, size=32, seed=3, workers=workers)
    assert digests(tmp_path / '1') == digests(tmp_path / '2') == digests(tmp_path / '3')


def test_image_depends_on_seed_and_index_only(written):
    twice = [render_face(1, 77, 32), render_face(1, 77, 32)]
    for key in ('image', 'landmarks', 'visible', 'regions'):
        np.testing.assert_array_equal(twice[0][key], twice[1][key])
    # the map is stored without loss: image 77 of the set is what it is on its own
    stored = cv2.imread(str(written / 'regions' / 'id0019' / '0001.png'), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(stored, twice[0]['regions'])
    for other in (render_face(2, 77, 32), render_face(1, 76, 32)):
        assert np.abs(other['image'].astype(float) - twice[0]['image']).mean() > 5


def test_size_changes_the_resolution_but_not_the_face():
    small, large = render_face(5, 9, 48), render_face(5, 9, 144)
    np.testing.assert_allclose((large['landmarks'] + 0.5) / 3, small['landmarks'] + 0.5, atol=1e-3)
    assert small['attributes'] == large['attributes'] and small['pose'] == large['pose']


def test_four_images_share_a_person(faces):
    lasting = ('Male', 'Young', 'Bald', 'Goatee', 'Big_Nose', 'Pale_Skin', 'Wearing_Lipstick')
    for start in range(0, len(faces), IMAGES_PER_IDENTITY):
        group = faces[start : start + IMAGES_PER_IDENTITY]
        assert {face['identity'] for face in group} == {start // IMAGES_PER_IDENTITY}
        assert all(len({face['attributes'][name] for face in group}) == 1 for name in lasting)
        assert len({face['pose'] for face in group}) == IMAGES_PER_IDENTITY


# the truth fits the drawing ----------------------------------------------------------------------------------------------


def test_shapes_and_types(faces):
    for face in faces:
        assert face['image'].shape == (96, 96, 3) and face['image'].dtype == np.uint8
        assert face['regions'].shape == (96, 96) and face['regions'].dtype == np.uint8
        assert face['landmarks'].shape == (68, 2) and face['visible'].shape == (68,)
        assert face['regions'].max() < len(REGIONS)


def test_all_landmarks_are_in_the_picture(faces):
    points = np.stack([face['landmarks'] for face in faces])
    assert points.min() > 0 and points.max() < 95


def test_visible_landmarks_lie_on_their_features(faces):
    checked = Counter()
    for face in faces:
        points, visible = face['landmarks'], face['visible']
        for name, chosen in (('right_eye', range(36, 42)), ('left_eye', range(42, 48)), ('mouth', range(48, 60))):
            if visible[list(chosen)].all():
                checked[name] += 1
                x, y = np.rint(points[list(chosen)].mean(0)).astype(int)
                assert REGIONS[face['regions'][y, x]] == name
        for name, chosen in (
            ('right_brow', range(17, 22)),
            ('left_brow', range(22, 27)),
            ('nose', range(27, 36)),
            ('mouth', range(48, 68)),
            ('right_eye', range(36, 42)),
            ('left_eye', range(42, 48)),
        ):
            for k in chosen:
                if visible[k]:
                    checked[k] += 1
                    assert label_names(face, points[k]) & {name, 'glasses'}  # a rim may pass beside the point
    assert min(checked[name] for name in ('right_eye', 'left_eye', 'mouth')) > 15
    assert min(checked[k] for k in range(17, 68)) > 10


def test_covered_landmarks_lie_under_what_covers_them(faces):
    covered = [(face, k) for face in faces for k in range(17, 68) if not face['visible'][k]]
    assert len(covered) > 20
    assert all(label_names(face, face['landmarks'][k]) & set(COVERS) for face, k in covered)


@pytest.mark.parametrize('dark', [True, False])
def test_dark_glasses_cover_the_eyes_and_clear_ones_do_not(monkeypatch, dark):
    worn = dict(glasses='sun' if dark else 'round', dark=dark, hat='', occluder=False)
    monkeypatch.setattr(render, '_outfit', lambda identity, rng: worn)
    faces = [render_face(4, index, 64) for index in range(0, 24, 4)]
    assert all(face['attributes']['Eyeglasses'] for face in faces)
    share = np.mean([face['visible'][36:48].mean() for face in faces])
    labels = [REGIONS.index('left_eye'), REGIONS.index('right_eye')]
    eyes = np.mean([np.isin(face['regions'], labels).sum() for face in faces])
    assert (share < 0.1 and eyes < 3) if dark else (share > 0.8 and eyes > 30)


def test_pupils_are_dark_where_the_eyes_are(faces):
    """A check of the picture itself, not of the labels: there is a dark and a light part between the lids."""
    contrasts = []
    for face in faces:
        grey = cv2.cvtColor(face['image'], cv2.COLOR_BGR2GRAY).astype(float)
        for name in ('right_eye', 'left_eye'):
            inside = grey[face['regions'] == REGIONS.index(name)]
            if len(inside) > 15:
                contrasts.append(np.percentile(inside, 95) - np.percentile(inside, 5))
    assert len(contrasts) > 30 and np.median(contrasts) > 60


@pytest.mark.parametrize('yaw', [-45, -20, 0, 20, 45])
def test_jaw_line_is_the_outline_of_the_drawn_face(yaw):
    head = posed(yaw)
    outline = face_outline(head).astype(np.float32)
    distances = [cv2.pointPolygonTest(outline, tuple(map(float, point)), True) for point in head.landmarks[:17]]
    assert np.abs(distances).max() < 0.5
    # and the other points are on the face, but for the nose of a turned head and what is at the far edge
    inner = [k for k in range(17, 68) if k not in range(27, 31)]
    assert (
        min(cv2.pointPolygonTest(outline, tuple(map(float, head.landmarks[k])), True) for k in inner)
        > -0.05 * head.unit
    )


def test_far_cheek_comes_closer_to_the_nose_when_the_head_turns():
    left, right = posed(-35).landmarks, posed(35).landmarks
    assert right[30, 0] - right[2, 0] > 1.5 * (right[14, 0] - right[30, 0])
    assert left[14, 0] - left[30, 0] > 1.5 * (left[30, 0] - left[2, 0])


def test_pitch_and_roll_have_the_documented_signs():
    down = np.array([0, 0, 1.0])  # a point before the face
    assert (rotation(30, 0, 0) @ down)[0] > 0  # positive yaw: to the right of the picture
    assert (rotation(0, 30, 0) @ down)[1] < 0  # positive pitch: up
    assert (rotation(0, 0, 30) @ np.array([1, 0, 0.0]))[1] > 0  # positive roll: clockwise
    turn = rotation(20, -10, 5)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)


def test_spline_passes_through_its_points():
    points = np.random.default_rng(0).normal(size=(7, 2))
    np.testing.assert_allclose(smooth(points, 4)[::4], points, atol=1e-12)
    np.testing.assert_allclose(smooth(points, 3, closed=True)[::3], points, atol=1e-12)


# expressions --------------------------------------------------------------------------------------------------------------


def test_any_seven_of_a_row_show_all_expressions():
    for start in (0, 7, 70):
        assert sorted(sample_expression(0, index) for index in range(start, start + 7)) == list(range(1, 8))


def test_expressions_move_the_features_that_define_them():
    def mean_points(name):
        expression = EXPRESSIONS.index(name) + 1
        return np.mean([posed(0, expression, number, 10 * number + expression).points for number in range(30)], axis=0)

    points = {name: mean_points(name) for name in EXPRESSIONS}
    rest = points['neutral']

    def opening(name):
        return points[name][66, 1] - points[name][62, 1]

    def lids(name):
        return (points[name][[40, 41], 1] - points[name][[38, 37], 1]).mean()

    def raised(name, k):  # y points down
        return rest[k, 1] - points[name][k, 1]

    def corners_up(name):
        middle = points[name][[60, 64], 1].mean() - points[name][[62, 66], 1].mean()
        return (rest[[60, 64], 1].mean() - rest[[62, 66], 1].mean()) - middle

    assert opening('surprise') > 0.25 > opening('neutral') and opening('surprise') == max(map(opening, EXPRESSIONS))
    assert lids('surprise') > 1.2 * lids('neutral') and lids('fear') > 1.15 * lids('neutral')
    assert lids('disgust') < 0.85 * lids('neutral') and lids('sadness') < 0.9 * lids('neutral')
    assert min(raised('surprise', 19), raised('fear', 21), raised('sadness', 21)) > 0.05
    assert raised('anger', 21) < -0.05 and raised('disgust', 21) < -0.03
    assert raised('sadness', 17) < 0 < raised('surprise', 17)
    assert corners_up('happiness') > 0.05 and corners_up('sadness') < -0.05
    width = {name: points[name][54, 0] - points[name][48, 0] for name in EXPRESSIONS}
    assert width['happiness'] > width['neutral'] + 0.1 and width['surprise'] < width['neutral'] - 0.05


# files --------------------------------------------------------------------------------------------------------------------


def test_one_identity_of_five_is_held_out(written):
    people = {}
    for split in ('train', 'val'):
        annotations = json.loads((written / 'annotations' / f'landmarks_{split}.json').read_text())['annotations']
        people[split] = {annotation['identity'] for annotation in annotations}
        assert {annotation['expression'] for annotation in annotations} == set(range(1, 8))
    assert not people['train'] & people['val'] and (len(people['train']), len(people['val'])) == (16, 4)


def test_images_lie_by_identity_and_every_one_has_a_region_map(written):
    images = {path.relative_to(written / 'images').with_suffix('') for path in (written / 'images').rglob('*.jpg')}
    maps = {path.relative_to(written / 'regions').with_suffix('') for path in (written / 'regions').rglob('*.png')}
    assert images == maps and len(images) == 80 and Path('id0019/0003') in images
    legend = json.loads((written / 'regions' / 'legend.json').read_text())['labels']
    assert [legend[str(number)] for number in range(len(legend))] == list(REGIONS)


def test_meta_tells_how_the_set_was_made(written):
    meta = json.loads((written / 'meta.json').read_text())
    assert (meta['num'], meta['size'], meta['seed'], meta['version']) == (80, 32, 1, writer.VERSION)
    assert meta['counts']['identities'] == 20 and meta['counts']['train'] == 64 and meta['counts']['val'] == 16
    assert sum(meta['counts']['expressions'].values()) == 80


def test_contact_sheet_has_faces_landmarks_and_regions(written):
    assert cv2.imread(str(written / 'contact_sheet.jpg')).shape == (6 * 160, 8 * 160, 3)


def test_readers_of_real_data_sets_read_the_expressions_attributes_and_pairs(written):
    expressions = {split: RAFDB(str(written), split) for split in ('train', 'test')}
    assert {split: len(dataset) for split, dataset in expressions.items()} == dict(train=64, test=16)
    first = [expressions['train'].get_data_info(index)['gt_label'] for index in range(4)]  # identity 0
    assert first == [sample_expression(1, index) - 1 for index in range(4)]
    attributes = {split: CelebAAttributes(str(written), split) for split in ('train', 'val', 'test')}
    assert {split: len(dataset) for split, dataset in attributes.items()} == dict(train=64, val=8, test=8)
    drawn, read = render_face(1, 24, 32), attributes['val'].get_data_info(0)  # identity 6 is the first of val
    assert read['img_path'].endswith('000025.jpg')
    assert dict(zip(attributes['val'].metainfo['classes'], read['gt_score'])) == {
        name: float(value) for name, value in drawn['attributes'].items()
    }
    pairs = FacePairs('lfw/pairs.txt', str(written), 'lfw')
    kinds = Counter((same, fold) for _, _, same, fold in pairs.metainfo['pairs'])
    assert kinds == {(same, fold): 12 for same in (True, False) for fold in (0, 1)}
    folders = [Path(pairs.get_data_info(index)['img_path']).parent.name for index in range(len(pairs))]
    for a, b, same, _ in pairs.metainfo['pairs']:
        assert (folders[a] == folders[b]) == same


def test_face300w_of_mmpose_reads_the_landmarks(written):
    try:
        from mmpose.datasets import Face300WDataset
    except ImportError as error:
        pytest.skip(f'mmpose cannot be imported: {error}')
    for split, count in (('train', 64), ('val', 16)):
        dataset = Face300WDataset(
            data_root=str(written), ann_file=f'annotations/landmarks_{split}.json', data_prefix=dict(img='images/')
        )
        assert len(dataset) == count
        info = dataset.get_data_info(0)
        index = dict(train=0, val=4)[split]
        np.testing.assert_allclose(info['keypoints'][0], render_face(1, index, 32)['landmarks'], atol=0.01)
        assert cv2.imread(info['img_path']).shape == (32, 32, 3)
        left, top, right, bottom = info['bbox'][0]
        points = info['keypoints'][0]
        assert left <= points[:, 0].min() and points[:, 0].max() <= right
        assert top <= points[:, 1].min() and points[:, 1].max() <= bottom


def test_a_single_image_is_a_set(tmp_path):
    out = write_synthetic_faces(tmp_path / 'one', num=1, size=32)
    assert len(list((out / 'images').rglob('*.jpg'))) == 1
    assert len(json.loads((out / 'annotations' / 'landmarks_train.json').read_text())['annotations']) == 1


# mistakes and interruptions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(num=0), 'num must be at least 1, got 0'),
        (dict(num=4, size=31), 'size must be at least 32, got 31'),
        (dict(num=4, seed=-1), 'seed must be at least 0, got -1'),
        (dict(num=4, workers=0), 'workers must be at least 1, got 0'),
    ],
)
def test_numbers_out_of_range_are_refused(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        write_synthetic_faces(tmp_path / 'out', **arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('seed, index, size, message', [(-1, 0, 64, 'seed'), (0, -1, 64, 'index'), (0, 0, 31, 'size')])
def test_render_face_refuses_numbers_out_of_range(seed, index, size, message):
    with pytest.raises(ValueError, match=message):
        render_face(seed, index, size)


def test_only_a_former_set_is_overwritten_and_only_when_asked(tmp_path):
    out = tmp_path / 'out'
    out.mkdir()
    write_synthetic_faces(out, num=1, size=32)  # an empty folder is fine
    former = digests(out)
    with pytest.raises(FileExistsError, match='not empty'):
        write_synthetic_faces(out, num=1, size=32)
    assert digests(out) == former
    write_synthetic_faces(out, num=1, size=32, seed=1, overwrite=True)
    assert digests(out).keys() == former.keys() and digests(out) != former
    photos = tmp_path / 'photos'
    photos.mkdir()
    (photos / 'mine.jpg').write_bytes(b'mine')
    for overwrite in (False, True):
        with pytest.raises(FileExistsError, match='photos'):
            write_synthetic_faces(photos, num=1, size=32, overwrite=overwrite)
    with pytest.raises(FileExistsError, match='is a file'):
        write_synthetic_faces(photos / 'mine.jpg', num=1, size=32, overwrite=True)
    assert (photos / 'mine.jpg').read_bytes() == b'mine'
    assert sorted(path.name for path in tmp_path.iterdir()) == ['out', 'photos']


@pytest.mark.parametrize('step', ['render_face', 'write_layouts', 'write_contact_sheet'])
@pytest.mark.parametrize('interruption', [KeyboardInterrupt, OSError])
def test_interrupted_leaves_nothing_and_keeps_the_former_set(tmp_path, monkeypatch, step, interruption):
    out = write_synthetic_faces(tmp_path / 'out', num=1, size=32)
    former = digests(tmp_path)
    calls = []

    def interrupted(*args):
        calls.append(args)
        if step != 'render_face' or len(calls) == 3:
            raise interruption
        return render_face(*args)

    monkeypatch.setattr(writer, step, interrupted)
    with pytest.raises(interruption):
        write_synthetic_faces(out, num=4, size=32, workers=1, overwrite=True)
    assert digests(tmp_path) == former


def test_a_worker_that_fails_ends_the_run_and_leaves_nothing(tmp_path, monkeypatch):
    def fails(seed, index, size):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(writer, 'render_face', fails)
    with pytest.raises(OSError, match='No space left'):
        write_synthetic_faces(tmp_path / 'out', num=8, size=32, workers=2)
    assert not list(tmp_path.iterdir())


def test_a_killed_worker_ends_the_run_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, 'render_face', lambda seed, index, size: os._exit(9))
    with pytest.raises(ChildProcessError, match='fewer workers'):
        write_synthetic_faces(tmp_path / 'out', num=8, size=32, workers=2)
    assert not list(tmp_path.iterdir())


def test_command_writes_a_set_and_tells_a_mistake_in_one_line(tmp_path, monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *arguments])
        runpy.run_path(str(TOOL), run_name='__main__')

    monkeypatch.chdir(tmp_path)
    run('--num', '5', '--size', '32', '--seed', '7', '--out', 'set', '--workers', '2')
    assert '5/5' in capsys.readouterr().err
    former = digests(tmp_path / 'set')
    assert former == digests(write_synthetic_faces(tmp_path / 'same', num=5, size=32, seed=7, workers=1))
    for arguments, message in (
        ((), 'not empty'),
        (('--num', '0'), 'num must be at least 1, got 0'),
        (('--overwrite', '--size', '8'), 'size must be at least 32, got 8'),
    ):
        with pytest.raises(SystemExit) as exit_:
            run('--num', '5', '--out', 'set', *arguments)
        errors = capsys.readouterr().err.strip().splitlines()
        assert exit_.value.code == 1 and len(errors) == 1 and errors[0].startswith('error: ') and message in errors[0]
    assert digests(tmp_path / 'set') == former
