"""Differences of runs in pairs: those of scipy's paired t-test."""

import numpy as np
import pytest

from fra_plugin.reports.paired_difference import paired_difference

stats = pytest.importorskip('scipy.stats')


def test_the_interval_is_where_the_paired_t_test_stops_to_refuse():
    rng = np.random.default_rng(0)
    second = rng.normal(size=5)
    first = second + 1 + 0.3 * rng.normal(size=5)
    mean, low, high = paired_difference(first, second)
    assert mean == pytest.approx((first - second).mean()) and low < mean < high
    for end in (low, high):
        assert stats.ttest_rel(first - end, second).pvalue == pytest.approx(0.05)


def test_what_a_seed_does_to_both_cancels():
    seeds = np.array([0.0, 10, -10])
    assert paired_difference(seeds + 1, seeds) == pytest.approx((1, 1, 1))


def test_turning_the_pair_turns_the_sign():
    first, second = np.array([1.0, 3, 2]), np.array([0.5, 1, 3])
    mean, low, high = paired_difference(first, second, level=0.9)
    assert paired_difference(second, first, level=0.9) == pytest.approx((-mean, -high, -low))


@pytest.mark.parametrize('first, second', [([1.0], [2.0]), ([1.0, 2], [1.0]), ([], [])])
def test_pairs_are_needed(first, second):
    with pytest.raises(ValueError, match='at least two runs'):
        paired_difference(np.array(first), np.array(second))
