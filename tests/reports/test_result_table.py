"""One table in three formats; texts can't break it."""

import csv

import pytest

from fra_plugin.reports.result_table import mean_and_std, write_table


def test_the_same_rows_stand_in_all_three_files(tmp_path):
    rows = [['a|b', 1.23456789, None], ['<i>', 2, 'x\ny']]
    table = write_table(
        tmp_path / 'new',
        'results',
        'Title',
        ['name', 'value', 'note'],
        rows,
        notes=['A note.'],
        commands=['python a.py'],
    )
    with open(tmp_path / 'new' / 'results.csv', newline='', encoding='utf-8') as file:
        assert list(csv.reader(file)) == [['name', 'value', 'note'], ['a|b', '1.23456789', ''], ['<i>', '2', 'x\ny']]
    assert (tmp_path / 'new' / 'results.md').read_text(encoding='utf-8') == '\n'.join(
        [
            '# Title',
            '',
            '| name | value | note |',
            '| --- | --- | --- |',
            '| a\\|b | 1.235 |  |',
            '| <i> | 2 | x y |',
            '',
            'A note.',
            '',
            '```',
            'python a.py',
            '```',
            '',
        ]
    )
    assert table == '| name | value | note |\n| --- | --- | --- |\n| a\\|b | 1.235 |  |\n| <i> | 2 | x y |'
    page = (tmp_path / 'new' / 'results.html').read_text(encoding='utf-8')
    assert '&lt;i&gt;' in page and '<i>' not in page and 'python a.py' in page


@pytest.mark.parametrize('values, text', [([1.0, 3.0], '2.00 ± 1.41'), ([1.5], '1.50'), ([], '')])
def test_mean_and_standard_deviation(values, text):
    assert mean_and_std(values) == text
