"""The demo's page: what it says follows from the numbers, and it holds every part, with and without labels."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import face_layouts
import numpy as np
import pytest

from fra_plugin.reports.frozen_results import Column, FrozenResults, Result

REPO = Path(__file__).resolve().parents[2]
LANDMARKS, EXPRESSION = Column('landmarks', 0.1), Column('expression', 0.1)


@pytest.fixture
def report(monkeypatch):
    monkeypatch.syspath_prepend(str(REPO / 'tools'))
    import demo_report

    yield demo_report
    sys.modules.pop('demo_report')


@pytest.fixture
def demo(tmp_path):
    """What a finished demo has left: HOG better at landmarks, FRA at expression, in each of three draws."""
    results = FrozenResults(tmp_path / 'frozen' / 'results.json')
    for seed in range(3):
        for row, values in {
            ('guess', ''): (20, 14),
            ('HOG', ''): (7 + seed, 22),
            ('FRA', 'map'): (8 + seed, 25 + seed),
            ('random', 'map'): (14, 25),
        }.items():
            for column, value in zip((LANDMARKS, EXPRESSION), values):
                results.put(Result(row[0], '', row[1], column, seed), value)
    minutes = FrozenResults(tmp_path / 'frozen_minutes' / 'results.json')
    for column in (LANDMARKS, EXPRESSION):
        minutes.put(Result('minutes', '', 'map', column, 0), 12.5)
    scores = {
        ('landmarks', 'FRA'): dict(NME_interocular=0.0444),
        ('landmarks', 'random'): dict(NME_interocular=0.048),
        ('expression', 'FRA'): {'class_accuracy/mean': 20.25},
        ('expression', 'random'): {'class_accuracy/mean': 20.5},
    }
    (tmp_path / 'nearest').mkdir()
    cv2.imwrite(str(tmp_path / 'nearest/nearest.jpg'), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / 'pretrain/1/vis_data').mkdir(parents=True)
    names = ['loss_global', 'loss_region', 'loss_relation', 'regions/use_0', 'regions/use_1', 'regions/entropy']
    names += ['regions/sharpness', 'embedding/global_spread', 'embedding/region_spread']
    lines = [json.dumps(dict(dict.fromkeys(names, 1.0), iter=step)) for step in (10, 150)]
    (tmp_path / 'pretrain/1/vis_data/scalars.json').write_text('\n'.join(lines))
    for i in range(3):
        face_layouts.face(tmp_path / f'photos/{i}.png', i, size=48)
    return SimpleNamespace(
        out=tmp_path,
        faces=tmp_path / 'photos',
        weights='fra_r18w32_96px',
        checkpoint=lambda: 'fra_r18w32_96px',
        scores=lambda task, start: scores[task, start],
        drawn=True,
        labelled=True,
        share=0.1,
        DRAWS=3,
        SEARCHED=1000,
        pictures=40,
        num=40,
        count=32,
        seed=0,
        seconds={'draw faces': 30.0},
        commands=['python tools/train.py'],
    )


def test_the_table_has_every_row_and_the_numbers_of_the_results(report, demo):
    header, rows = report.comparison(demo)
    assert [len(row) for row in rows] == [3] * 6 and len(header) == 3
    assert rows[2][1:] == ['8.00 ± 1.00', '22.00 ± 0.00'] and rows[3][1:] == ['9.00 ± 1.00', '26.00 ± 1.00']
    assert rows[4][1:] == ['4.80', '20.50'] and rows[5][1:] == ['4.44', '20.25']


def test_the_verdict_says_ahead_level_or_behind_as_the_draws_do(report, demo):
    hog, random, tuned = report.verdict(demo).splitlines()
    assert 'against HOG: landmarks behind (-1.00' in hog and 'expression ahead (+4.00' in hog
    assert 'landmarks ahead' in random and 'expression level (+1.00, 95 % interval -1.48 to +3.48)' in random
    assert 'landmarks better (4.44 and 4.80); expression not better (20.25 and 20.50)' in tuned


def test_one_draw_is_called_so_and_equal_numbers_are_level(report):
    assert report.compared([3.0], [5.0], higher=True) == 'behind by 2.00, of one draw'
    assert report.compared([3.0], [5.0], higher=False) == 'ahead by 2.00, of one draw'
    assert report.compared([3.0], [3.0], higher=True) == 'level, of one draw'
    assert report.compared([3.0, 4.0], [3.5], higher=True).startswith('level')


def test_a_pretraining_of_a_few_steps_has_curves_of_what_it_logged(report):
    class Log:
        series = {name: ([1, 2], [1.0, 0.9]) for name in ('loss_global', 'loss_region', 'loss_relation')}

    losses, *others = report.curves(Log()).axes
    assert len(losses.lines) == 3 and not any(panel.lines for panel in others)


def test_the_page_of_photos_has_regions_with_names_and_numbers_only_where_labels_are(report, demo):
    demo.drawn = demo.labelled = False
    report.write_report(demo, demo.out / 'report.html')
    page = (demo.out / 'report.html').read_text()
    parts = ['Regions', 'Nearest faces', 'A pre-training of minutes', 'How it was made']
    assert [page.index(f'<h2>{part}</h2>') for part in parts] == sorted(
        page.index(f'<h2>{part}</h2>') for part in parts
    )
    assert 'labels gives' not in page and 'These 150 steps on 32 faces' in page
    sheet = cv2.imread(str(demo.out / 'regions.jpg'))
    assert sheet.shape[0] > 4 + 2 * 112 + 4 + 24 - 8  # faces, regions, and the legend below them
