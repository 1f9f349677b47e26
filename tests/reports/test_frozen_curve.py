"""A line goes through the means of its checkpoints, in the order of their epochs; the other rows are levels."""

import pytest

from fra_plugin.reports.frozen_curve import frozen_curve
from fra_plugin.reports.frozen_results import Column, FrozenResults, Result

AGE, PAIRS = Column('age', 1.0), Column('pairs', None)


@pytest.fixture
def results(tmp_path):
    results = FrozenResults(tmp_path / 'results.json')
    ages = {
        ('guess', ''): [13],
        ('HOG', ''): [8],
        ('FRA@20', 'map'): [7, 9],
        ('FRA@5', 'map'): [9],
        ('FRA', 'map'): [6],
    }
    for (method, place), values in ages.items():
        for seed, value in enumerate(values):
            results.put(Result(method, '', place, AGE, seed), value)
    results.put(Result('FRA@5', '', 'map', PAIRS, 0), 60)
    return results


def test_points_are_the_means_of_the_rows_by_epoch(results):
    (age,) = (figure := frozen_curve(results, [AGE, PAIRS], dict(age='years'), 'guess')).axes
    line, hog, fra = age.lines
    assert line.get_xydata().tolist() == [[5, 9], [20, 8]]
    assert list(hog.get_ydata()) == [8, 8] and list(fra.get_ydata()) == [6, 6]
    assert age.get_title() == 'age 100%' and age.get_ylabel() == 'years'
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ['FRA, map', 'HOG', 'FRA, map']


def test_one_point_is_no_curve(results):
    assert frozen_curve(results, [PAIRS], {}, 'guess').axes == []
