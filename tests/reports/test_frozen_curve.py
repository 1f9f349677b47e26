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


def test_a_place_that_a_task_does_not_have_leaves_its_panel_alone(results):
    for method, number in (('FRA@5', 8.0), ('FRA@20', 7.0)):
        results.put(Result(method, '', 'pooled', AGE, 0), number)
    results.put(Result('FRA@20', '', 'map', PAIRS, 0), 70)
    _, pairs = frozen_curve(results, [AGE, PAIRS], {}, 'guess').axes
    assert [line.get_xydata().tolist() for line in pairs.lines] == [[[5, 60], [20, 70]]]


def test_shares_below_a_hundredth_are_told_apart():
    assert [str(Column('age', share)) for share in (1.0, 0.1, 0.07, 0.005, None)] == [
        'age 100%',
        'age 10%',
        'age 7%',
        'age 0.5%',
        'age',
    ]


def test_a_file_that_holds_no_results_is_named(tmp_path):
    for text in ('', '[1]'):
        (tmp_path / 'broken.json').write_text(text)
        with pytest.raises(ValueError, match='broken.json is not a file of results'):
            FrozenResults(tmp_path / 'broken.json')
