"""Regions at landmarks, and what they say about facial parts."""

import builtins
import math

import numpy as np
import pytest
import torch

from fra_plugin.evaluation.regions.region_consistency import (
    grid_regions,
    landmark_groups,
    landmark_regions,
    normalized_mutual_info,
    region_consistency,
)
from fra_plugin.reports.visualization import region_map


def test_parts_of_68_landmarks():
    groups = landmark_groups(68)
    parts = [range(17), range(17, 27), range(27, 36), range(36, 42), range(42, 48), range(48, 68)]
    assert all(len(set(groups[list(part)])) == 1 for part in parts)
    assert sorted(groups[part[0]] for part in parts) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize('num_landmarks', [19, 29, 98, 106])
def test_every_landmark_of_the_other_markups_has_a_part(num_landmarks):
    assert set(landmark_groups(num_landmarks)) == {0, 1, 2, 3, 4}


def test_unknown_markup_is_refused():
    with pytest.raises(ValueError, match='got 5'):
        landmark_groups(5)


def test_region_of_a_landmark_is_the_one_at_its_place():
    heatmaps = torch.zeros(1, 4, 2, 2)  # each quarter of the image belongs to one region
    for region, (row, column) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        heatmaps[0, region, row, column] = 1
    landmarks = torch.tensor([[[3.0, 2.0], [60.0, 5.0], [10.0, 38.0], [63.0, 39.0]]])
    assert landmark_regions(heatmaps, landmarks, (64, 40)).tolist() == [[0, 1, 2, 3]]


def test_region_of_a_landmark_is_the_one_that_the_overlay_shows():
    torch.manual_seed(0)
    heatmaps = torch.rand(2, 5, 6, 7)
    landmarks = torch.stack([torch.randint(0, 48, (2, 50)), torch.randint(0, 36, (2, 50))], dim=2)
    regions = landmark_regions(heatmaps, landmarks.float(), (48, 36))
    shown = [region_map(masks, 36, 48) for masks in heatmaps]
    expected = [[shown[b][y, x] for x, y in landmarks[b].tolist()] for b in range(2)]
    assert (regions.numpy() == np.array(expected)).mean() > 0.97  # OpenCV interpolates with fixed-point weights


def test_landmarks_outside_the_image_or_unknown_have_no_region():
    landmarks = torch.tensor([[[-1.0, 5.0], [5.0, 32.0], [float('nan'), 5.0], [0.0, 0.0], [31.0, 31.0]]])
    assert landmark_regions(torch.rand(1, 1, 4, 4), landmarks, 32).tolist() == [[-1, -1, -1, 0, 0]]
    assert grid_regions(landmarks, 32, 4).tolist() == [[-1, -1, -1, 0, 3]]


def test_grid_cells_are_numbered_row_by_row():
    landmarks = torch.tensor([[[5.0, 5.0], [15.0, 5.0], [25.0, 5.0], [5.0, 25.0], [25.0, 25.0]]])
    assert grid_regions(landmarks, 30, 9).tolist() == [[0, 1, 2, 6, 8]]


def test_mutual_information_equals_the_formula():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 4, 200), rng.integers(0, 3, 200)
    second[:120] = first[:120] % 3
    joint = np.histogram2d(first, second, bins=(4, 3))[0] / 200
    entropy = [-(p * np.log(p)).sum() for p in (joint.sum(1), joint.sum(0))]
    outer = np.outer(joint.sum(1), joint.sum(0))
    mutual = sum(p * math.log(p / q) for p, q in zip(joint.ravel(), outer.ravel()) if p > 0)
    assert normalized_mutual_info(first, second) == pytest.approx(2 * mutual / sum(entropy))


def test_regions_that_are_the_parts_score_one_however_they_are_numbered():
    groups = landmark_groups(68)
    names = np.array([5, 3, 0, 1, 4, 2])
    regions = torch.from_numpy(names[groups]).expand(3, -1)
    metrics = region_consistency(regions, groups, regions)
    assert metrics == dict(nmi=pytest.approx(1), view_agreement=1)


def test_one_region_that_takes_all_scores_zero():
    metrics = region_consistency(torch.zeros(3, 68, dtype=torch.long), landmark_groups(68))
    assert metrics == dict(nmi=0)


def test_random_regions_score_about_zero():
    regions = torch.randint(0, 8, (200, 68), generator=torch.Generator().manual_seed(0))
    assert region_consistency(regions, landmark_groups(68))['nmi'] < 0.01


def test_landmarks_outside_a_view_do_not_count():
    groups = landmark_groups(68)
    regions = torch.from_numpy(groups).expand(2, -1).clone()
    other = regions.clone()
    other[:, :34] = -1  # half of the landmarks are outside
    other[0, 40] = 7  # and one of the others changes its region
    assert region_consistency(regions, groups, other)['view_agreement'] == pytest.approx(67 / 68)


def test_no_landmark_inside_is_an_error():
    nowhere = torch.full((2, 68), -1)
    with pytest.raises(ValueError, match='no landmark lies inside its image'):
        region_consistency(nowhere, landmark_groups(68))
    with pytest.raises(ValueError, match='inside both views'):
        region_consistency(torch.zeros_like(nowhere), landmark_groups(68), nowhere)


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match=r'\(2, 68, 2\)'):
        landmark_regions(torch.rand(3, 4, 7, 7), torch.rand(2, 68, 2), 32)


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch):
    real_import = builtins.__import__

    def no_sklearn(name, *args, **kwargs):
        if name.startswith('sklearn'):
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, '__import__', no_sklearn)
    with pytest.raises(ImportError, match='pip install scikit-learn'):
        region_consistency(torch.zeros(1, 68, dtype=torch.long), landmark_groups(68))
