"""Numbers of face alignment against hand-computed faces, plain formulas and mmpose's own metric."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler
from mmengine.evaluator import Evaluator
from mmengine.registry import METRICS
from scipy.integrate import simpson

from fra_plugin.evaluation.face_alignment_metric import (
    FaceAlignmentMetric,
    error_curve_area,
    failure_rate,
    normalizing_distance,
)
from fra_plugin.evaluation.landmark_layouts import LANDMARK_LAYOUTS


def face(rng, num=68, shift=0.0, subsets=None, image='face.jpg', visible=None):
    """A random face of eye distance 10 whose prediction is ``shift`` pixels off to the right."""
    keypoints = rng.uniform(0, 100, (num, 2))
    left, right = LANDMARK_LAYOUTS[num].eye_corners
    keypoints[left], keypoints[right] = (20, 30), (30, 30)
    sample = dict(
        img_path=image,
        gt_instances=dict(
            keypoints=keypoints[None],
            keypoints_visible=np.ones((1, num)) if visible is None else visible[None],
            bboxes=np.array([[0.0, 0.0, 30.0, 40.0]]),
        ),
        pred_instances=dict(keypoints=(keypoints + [shift, 0])[None]),
    )
    if subsets is not None:
        sample['raw_ann_info'] = dict(subsets=subsets)
    return sample


def evaluate(samples, **kwargs):
    metric = FaceAlignmentMetric(**kwargs)
    metric.process([], samples)
    return metric.evaluate(len(samples))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_numbers_of_three_faces_by_hand(rng):
    result = evaluate([face(rng, shift=0.4), face(rng, shift=0.9), face(rng, shift=1.2)])  # errors 0.04, 0.09, 0.12
    assert result['NME_interocular'] == pytest.approx(0.25 / 3)
    assert result['FR_interocular@0.08'] == pytest.approx(2 / 3)
    assert result['FR_interocular@0.1'] == pytest.approx(1 / 3)
    assert result['AUC_interocular@0.08'] == pytest.approx((1 / 2) / 3)
    assert result['AUC_interocular@0.1'] == pytest.approx((6 / 10 + 1 / 10) / 3)


@pytest.mark.parametrize('norm, distance', [('interocular', 10), ('box_diagonal', 50), ('box_size', 40)])
def test_the_result_names_the_distance_it_was_divided_by(rng, norm, distance):
    result = evaluate([face(rng, shift=2)], norm=norm)
    assert result[f'NME_{norm}'] == pytest.approx(2 / distance)
    assert all(norm in name for name in result)


@pytest.mark.parametrize('num', [19, 29, 68, 98, 106])
def test_interpupil_distance_lies_between_eye_centres(rng, num):
    keypoints = rng.uniform(0, 100, (num, 2))
    eyes = {19: (7, 10), 29: (16, 17), 68: (slice(36, 42), slice(42, 48)), 98: (96, 97), 106: (104, 105)}[num]
    left, right = (keypoints[eye].reshape(-1, 2).mean(axis=0) for eye in eyes)
    assert normalizing_distance(keypoints, None, 'interpupil') == pytest.approx(np.sqrt(((left - right) ** 2).sum()))


def test_subsets_are_the_means_over_their_faces(rng):
    faces = [face(rng, shift=0.2, subsets=['pose']), face(rng, shift=1.0, subsets=['pose', 'blur']), face(rng, shift=3)]
    result = evaluate(faces)
    assert result['pose/NME_interocular'] == pytest.approx(0.06)
    assert result['blur/NME_interocular'] == pytest.approx(0.1)
    assert result['pose/FR_interocular@0.08'] == pytest.approx(0.5)
    assert result['blur/AUC_interocular@0.1'] == pytest.approx(0)
    assert 'occlusion/NME_interocular' not in result


def test_an_error_in_the_mouth_shows_in_the_mouth_only(rng):
    sample = face(rng)
    sample['pred_instances']['keypoints'][0, 48:68] += (3, 4)
    result = evaluate([sample])
    assert {
        name: result[f'{name}/NME_interocular'] for name in ('jaw', 'brows', 'eyes', 'nose', 'mouth')
    } == pytest.approx(dict(jaw=0, brows=0, eyes=0, nose=0, mouth=0.5))
    assert result['NME_interocular'] == pytest.approx(0.5 * 20 / 68)


@pytest.mark.parametrize('num, layout', LANDMARK_LAYOUTS.items())
def test_every_landmark_is_in_exactly_one_region(num, layout):
    assert sorted(sum(layout.groups.values(), ())) == list(range(num))
    eye_points = {*layout.eye_corners, *layout.pupils[0], *layout.pupils[1]}
    assert eye_points <= set(layout.groups['eyes'])


def test_landmarks_without_a_label_do_not_count(rng):
    visible = np.ones(68)
    visible[:17] = 0
    sample = face(rng, shift=1, visible=visible)
    sample['pred_instances']['keypoints'][0, :17] += 1000
    result = evaluate([sample])
    assert result['NME_interocular'] == pytest.approx(0.1)
    assert 'jaw/NME_interocular' not in result and result['nose/NME_interocular'] == pytest.approx(0.1)


def test_a_prediction_that_is_not_a_number_is_a_failure(rng):
    broken = face(rng)
    broken['pred_instances']['keypoints'][0, 3] = np.nan
    result = evaluate([broken, face(rng)])
    assert result['NME_interocular'] == np.inf
    assert result['FR_interocular@0.08'] == 0.5 and result['AUC_interocular@0.08'] == 0.5


@pytest.mark.parametrize('shape', [(98,), (98, 1), (98, 2)])
def test_visibility_may_have_mmposes_shapes(rng, shape):
    assert evaluate([face(rng, num=98, visible=np.ones(shape))])['NME_interocular'] == 0


def test_agrees_with_mmposes_nme(rng):
    pytest.importorskip('mmpose')
    from mmpose.evaluation import NME

    samples = [face(rng, num=98) for _ in range(5)]
    for sample in samples:
        sample['pred_instances']['keypoints'] += rng.normal(0, 2, (1, 98, 2))
        sample['gt_instances']['keypoints'][0, [60, 72]] += rng.normal(0, 2, (2, 2))
    for ours, theirs in (
        ('interocular', dict(norm_mode='keypoint_distance', keypoint_indices=[60, 72])),
        ('box_size', dict(norm_mode='use_norm_item', norm_item='bbox_size')),
    ):
        metric = NME(**theirs)
        metric.dataset_meta = dict(dataset_name='wflw', keypoint_id2name={60: '', 72: ''})
        metric.process([], copy.deepcopy(samples))
        assert evaluate(samples, norm=ours)[f'NME_{ours}'] == pytest.approx(metric.evaluate(5)['NME'], rel=1e-6)


def test_area_is_the_limit_of_simpsons_rule(rng):
    errors = rng.gamma(4, 0.015, 200)
    grid = np.linspace(0, 0.1, 100001)
    curve = np.searchsorted(np.sort(errors), grid, side='right') / len(errors)
    assert error_curve_area(errors, 0.1) == pytest.approx(simpson(curve, x=grid) / 0.1, abs=1e-5)


def test_perfect_faces_have_no_failure_and_full_area():
    errors = np.zeros(4)
    assert failure_rate(errors, 0.08) == 0 and error_curve_area(errors, 0.08) == 1


def test_an_error_at_the_threshold_is_no_failure():
    assert failure_rate(np.array([0.08, 0.0801]), 0.08) == 0.5


def test_is_found_from_mmposes_scope():
    assert METRICS.build(dict(type='FaceAlignmentMetric', norm='box_size')).norm == 'box_size'


def test_the_curve_is_drawn(rng, tmp_path):
    for number, samples in enumerate(([face(rng, shift=0.5), face(rng, shift=9)], [face(rng, shift=9)])):
        path = tmp_path / 'deep' / f'{number}.png'
        evaluate(samples, curve_file=str(path))
        assert path.read_bytes().startswith(b'\x89PNG')
    assert sorted(file.name for file in path.parent.iterdir()) == ['0.png', '1.png']


def test_a_curve_that_cannot_be_written_is_a_warning(rng, tmp_path, log):
    (tmp_path / 'a.png').mkdir()
    assert evaluate([face(rng, shift=0.5)], curve_file=str(tmp_path / 'a.png'))
    assert log[-1].startswith('WARNING The error curve could not be written')


def test_an_undefined_distance_names_the_image(rng):
    same_eyes, no_eyes, no_box = (face(rng, image=f'{name}.jpg') for name in ('same', 'hidden', 'box'))
    same_eyes['gt_instances']['keypoints'][0, 36] = same_eyes['gt_instances']['keypoints'][0, 45]
    no_eyes['gt_instances']['keypoints_visible'][0, 36] = 0
    no_box['gt_instances']['bboxes'][:] = np.nan
    with pytest.raises(ValueError, match='same.jpg.*interocular distance is 0.0'):
        evaluate([same_eyes])
    with pytest.raises(ValueError, match='hidden.jpg.*interocular distance is nan'):
        evaluate([no_eyes])
    with pytest.raises(ValueError, match='box.jpg.*box_size distance is nan'):
        evaluate([no_box], norm='box_size')


def test_a_face_without_labels_names_the_image(rng):
    with pytest.raises(ValueError, match='empty.jpg.*0 of 68 landmarks'):
        evaluate([face(rng, image='empty.jpg', visible=np.zeros(68))], norm='box_size')


def test_faces_without_a_distance_can_be_left_out(rng):
    bad = face(rng, shift=5)
    bad['gt_instances']['keypoints'][0, 36] = bad['gt_instances']['keypoints'][0, 45]
    assert evaluate([bad, face(rng, shift=1)], skip_invalid=True)['NME_interocular'] == pytest.approx(0.1)
    with pytest.raises(ValueError, match='no face to evaluate'):
        evaluate([bad], skip_invalid=True)


@pytest.mark.parametrize(
    'wrong', [dict(norm='nose'), dict(thresholds=()), dict(thresholds=(0.08, 0)), dict(thresholds=(float('inf'),))]
)
def test_wrong_arguments_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        FaceAlignmentMetric(**wrong)


def test_an_unknown_mark_up_or_a_missing_box_is_an_error(rng):
    with pytest.raises(ValueError, match='21'):
        normalizing_distance(rng.uniform(0, 1, (21, 2)), None, 'interocular')
    with pytest.raises(ValueError, match='bboxes'):
        normalizing_distance(rng.uniform(0, 1, (21, 2)), None, 'box_size')


def one_process(rank, folder, shifts):
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/meet', rank=rank, world_size=2)
    evaluator = Evaluator(FaceAlignmentMetric())
    for index in DefaultSampler(shifts, shuffle=False):  # both processes get three faces, so one face comes twice
        evaluator.process([face(np.random.default_rng(0), shift=shifts[index])])
    Path(folder, f'{rank}.json').write_text(json.dumps(evaluator.evaluate(len(shifts))))


def test_two_processes_give_the_numbers_of_one(rng, tmp_path):
    shifts = [0.1, 0.5, 0.9, 1.3, 2.0]
    alone = evaluate([face(rng, shift=shift) for shift in shifts])
    torch.multiprocessing.start_processes(one_process, args=(str(tmp_path), shifts), nprocs=2, start_method='fork')
    for rank in range(2):
        assert json.loads((tmp_path / f'{rank}.json').read_text()) == pytest.approx(alone)
