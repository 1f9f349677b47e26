"""Ranks, spreads and shares of cases whose value is known."""

import math

import pytest
import torch

from fra_plugin.evaluation.collapse_measures import assignment_measures, crop_agreement, effective_rank, spread


def test_rank_counts_equally_used_directions():
    directions = torch.eye(8)[:3]
    embed = torch.cat([directions, -directions]).repeat(5, 1)  # mean 0, variance equal along 3 axes
    assert effective_rank(embed).item() == pytest.approx(3, abs=1e-4)


def test_rank_equals_the_formula():
    torch.manual_seed(0)
    embed = torch.randn(20, 6)
    direction = embed / embed.norm(dim=1, keepdim=True)
    eigenvalues = torch.linalg.eigvalsh(torch.cov(direction.T.double()))
    share = eigenvalues / eigenvalues.sum()
    assert effective_rank(embed).item() == pytest.approx(math.exp(-(share * share.log()).sum()), rel=1e-4)


def test_length_of_embeddings_does_not_matter():
    torch.manual_seed(0)
    embed = torch.randn(20, 6)
    scaled = embed * torch.rand(20, 1).add(0.1)
    torch.testing.assert_close(effective_rank(scaled), effective_rank(embed))
    torch.testing.assert_close(spread(scaled), spread(embed))


@pytest.mark.parametrize('embed', [torch.ones(5, 4), torch.ones(1, 4), torch.zeros(5, 4)])
def test_a_single_point_has_rank_one_and_no_spread(embed):
    assert effective_rank(embed).item() == pytest.approx(1)
    assert spread(embed).item() == pytest.approx(0, abs=1e-6)


def test_directions_that_cancel_out_have_spread_one():
    assert spread(torch.cat([torch.eye(4), -torch.eye(4)])).item() == pytest.approx(1)


def test_not_finite_embeddings_give_nan_and_no_error():
    assert math.isnan(effective_rank(torch.tensor([[1.0, float('nan')], [0.0, 1.0]])))


def test_one_region_that_takes_all():
    logits = torch.zeros(2, 4, 3, 3)
    logits[:, 1] = 100
    measures = assignment_measures(logits, 1.0)
    assert measures['use'].tolist() == pytest.approx([0, 1, 0, 0])
    assert measures['entropy'].item() == pytest.approx(0, abs=1e-6)
    assert measures['sharpness'].item() == pytest.approx(1)


def test_no_region_that_stands_out():
    measures = assignment_measures(torch.zeros(2, 4, 3, 3), 0.1)
    assert measures['entropy'].item() == pytest.approx(1)
    assert measures['sharpness'].item() == pytest.approx(0, abs=1e-6)


def test_shares_entropy_and_sharpness_equal_the_formula():
    torch.manual_seed(0)
    logits = torch.randn(3, 4, 5, 6)
    measures = assignment_measures(logits, 0.5)
    pixels = (logits / 0.5).exp().movedim(1, 3).reshape(-1, 4)
    pixels = pixels / pixels.sum(dim=1, keepdim=True)
    mean = pixels.mean(dim=0)
    assert measures['use'].tolist() == pytest.approx([(pixels.argmax(dim=1) == k).sum().item() / 90 for k in range(4)])
    assert measures['entropy'].item() == pytest.approx(-(mean * mean.log()).sum().item() / math.log(4), rel=1e-5)
    entropy = -(pixels * pixels.log()).sum(dim=1).mean().item()
    assert measures['sharpness'].item() == pytest.approx(1 - entropy / math.log(4), rel=1e-5)


def test_equal_crisp_regions_and_a_single_region_without_division_by_zero():
    logits = torch.zeros(1, 2, 2, 2)
    logits[:, 0, 0], logits[:, 1, 1] = 100, 100
    measures = assignment_measures(logits, 1.0)
    assert (measures['entropy'].item(), measures['sharpness'].item()) == pytest.approx((1, 1))
    assert assignment_measures(torch.zeros(1, 1, 2, 2), 0.1)['use'].tolist() == [1]


def by_colour(images):
    """Regions that follow the content: where the image is bright, and where it is dark."""
    small = torch.nn.functional.avg_pool2d(images.mean(dim=1, keepdim=True), 2)
    return torch.cat([small, 1 - small], dim=1)


def by_place(images):
    """Regions that follow the position: left and right half, whatever is seen."""
    left = torch.zeros(len(images), 1, 20, 20)
    left[..., :10] = 1
    return torch.cat([left, 1 - left], dim=1)


def test_regions_that_follow_the_face_agree_in_a_crop_and_those_that_follow_the_place_do_not():
    images = torch.zeros(2, 3, 40, 40)
    images[..., 14:26, 8:20] = 1
    assert crop_agreement(by_colour, images).item() > 0.95
    # The border between the halves lies at 0.5 of the crop, which is at 0.2 + 0.5 * 0.7 = 0.55 of the image.
    assert crop_agreement(by_place, images).item() == pytest.approx(1 - 0.05 / 0.7, abs=0.03)
