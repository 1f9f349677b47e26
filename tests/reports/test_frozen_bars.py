"""Bars are as long as the means of the table, and their error bars as its deviations."""

import numpy as np
import pytest

from fra_plugin.reports.frozen_bars import frozen_bars
from fra_plugin.reports.frozen_results import Column, FrozenResults, Result

AGE, PAIRS, ABSENT = Column('age', 1.0), Column('pairs', None), Column('absent', None)


@pytest.fixture
def results(tmp_path):
    results = FrozenResults(tmp_path / 'results.json')
    numbers = {
        ('guess', '', ''): [13, 13],
        ('HOG', '', ''): [8],
        ('FRA', '', 'map'): [7, 9],
        ('FRA', '', 'pooled'): [9, 9],
    }
    for (method, run, place), values in numbers.items():
        for seed, value in enumerate(values):
            results.put(Result(method, run, place, AGE, seed), value)
    for run, values in dict(a=[60, 62], b=[70, 72]).items():  # two pre-trainings: their means count
        for seed, value in enumerate(values):
            results.put(Result('BYOL', run, 'map', PAIRS, seed), value)
    return results


def test_bars_have_the_means_and_deviations_of_the_table(results):
    figure = frozen_bars(results, [AGE, PAIRS, ABSENT], dict(age='years'), 'guess')
    age, pairs = figure.axes[:2]
    assert len(figure.axes) == 2 and age.get_xlabel() == 'years' and age.get_title() == 'age 100%'
    assert [label.get_text() for label in age.get_yticklabels()] == ['HOG', 'FRA, map', 'FRA, pooled', 'BYOL, map']
    assert [bar.get_width() for bar in age.patches] == [8, 8, 9]
    ends = [collection.get_segments()[0][:, 0] for collection in age.collections]
    assert np.allclose(ends[0], [8 - 2**0.5, 8 + 2**0.5]) and np.allclose(ends[1], [9, 9])
    assert list(age.lines[-1].get_xdata()) == [13, 13]  # the guess
    assert [bar.get_width() for bar in pairs.patches] == [66]
    assert np.allclose(pairs.collections[0].get_segments()[0][:, 0], [66 - 50**0.5, 66 + 50**0.5])


def test_names_of_any_bytes_are_drawn(tmp_path):
    results = FrozenResults(tmp_path / 'results.json')
    results.put(Result('Ren\udce9 $x_^$', '', '', Column('$5_^$', 1.0), 0), 1.0)
    frozen_bars(results, [Column('$5_^$', 1.0)], {}, 'guess').savefig(tmp_path / 'bars.png')


def test_nothing_measured_is_an_empty_figure(tmp_path):
    assert frozen_bars(FrozenResults(tmp_path / 'results.json'), [AGE], {}, 'guess').axes == []
