"""The page of a run: everything that was logged is on it, for one run or several, finished or not."""

import importlib.util
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'analyze_run.py'
spec = importlib.util.spec_from_file_location('analyze_run', TOOL)
analyze_run = importlib.util.module_from_spec(spec)
spec.loader.exec_module(analyze_run)


def write_run(work_dir, iterations=(10, 20, 30), pictures=(0, 30), warning=None):
    folder = work_dir / 'part' / 'vis_data'
    folder.mkdir(parents=True)
    lines = []
    for i in iterations:
        lines.append(
            {
                'loss': 1 / i,
                'loss_global': 2 / i,
                'lr': 0.1,
                'time': 1.0,
                'epoch': 1,
                'iter': i,
                'step': i,
            }
        )
        shares = {'regions/use_0': 0.25, 'regions/use_1': 0.75, 'regions/sharpness': 0.2}
        lines.append({**shares, 'embedding/global_rank': 9.0, 'iter': i, 'step': i})
    lines.append({'knn/accuracy': 50.0, 'iter': iterations[-1], 'step': iterations[-1]})
    (folder / 'scalars.json').write_text('\n'.join(map(json.dumps, lines)) + '\n{"loss": 0.')
    (work_dir / 'regions').mkdir()
    for step in pictures:
        cv2.imwrite(str(work_dir / 'regions' / f'iter_{step:08d}.jpg'), np.full((8, 8, 3), step, np.uint8))
    if warning:
        stamp = '2026/01/01 00:00:00 - mmengine'
        (work_dir / 'part' / 'part.log').write_text(f'{stamp} - INFO - Epoch(train)\n{stamp} - WARNING - {warning}\n')
    return str(work_dir)


def page(*arguments, capsys):
    analyze_run.main(list(arguments))
    return Path(capsys.readouterr().out.strip()).read_text()


def test_page_of_a_run_that_is_going_on(tmp_path, capsys):
    html = page(write_run(tmp_path / 'run', warning='Iteration 20: <collapsed>'), capsys=capsys)
    headings = re.findall('<h2>(.*)</h2>', html)
    assert headings == [
        'Losses',
        'Regions of the same faces over time',
        'Regions',
        'Embeddings',
        'Optimisation',
        'Speed',
        'Evaluation',
    ]
    assert html.count('data:image/jpeg') == 2 and html.count('data:image/svg+xml') == 7
    assert 'After 30 iterations' in html and 'Iteration 20: &lt;collapsed&gt;' in html
    assert re.search(r'<td>run</td>\s*<td class="number">30</td>\s*<td class="number">1</td>', html)


def test_every_series_has_a_chart(tmp_path, monkeypatch):
    run = analyze_run.RunLog(write_run(tmp_path / 'run'))
    drawn = []
    monkeypatch.setattr(
        analyze_run, 'draw_series', lambda runs, names: drawn.extend(names) or np.zeros((1, 1), np.uint8)
    )
    analyze_run.analyze(dict(run=run))
    assert set(drawn) | {'regions/use_0', 'regions/use_1', 'epoch'} == set(run.series)


def test_two_runs_share_each_chart_and_their_pictures_stand_side_by_side(tmp_path, capsys):
    first = write_run(tmp_path / 'a', pictures=(0, 10, 30))
    second = write_run(tmp_path / 'b', iterations=(10,), pictures=(0, 12))
    html = page(first, second, '--out', str(tmp_path / 'both.html'), capsys=capsys)
    assert html.count('data:image/svg+xml') == 7
    assert re.findall('<figcaption>(a: .*)</figcaption>', html) == [
        f'a: after {a} iterations; b: after {b} iterations' for a, b in ((0, 0), (10, 12), (30, 12))
    ]


def test_chart_has_a_line_for_each_run_with_its_values(tmp_path):
    runs = {
        name: analyze_run.RunLog(write_run(tmp_path / name, iterations=iterations))
        for name, iterations in (('a', (10, 20)), ('b', (10, 20, 40)))
    }
    figure = analyze_run.draw_series(runs, ['loss', 'knn/accuracy'])
    lines = figure.axes[0].get_lines()
    assert [line.get_xdata().tolist() for line in lines] == [[10, 20], [10, 20, 40]]
    assert lines[1].get_ydata().tolist() == [0.1, 0.05, 0.025]
    assert [axis.get_title(loc='left') for axis in figure.axes] == ['loss', 'knn/accuracy']


def test_long_series_are_thinned_by_means():
    steps, values = analyze_run.thin(np.arange(4000), np.arange(4000) * 2.0)
    assert len(steps) == analyze_run.MAX_POINTS
    np.testing.assert_allclose(values, 2 * steps)
    assert (steps[0], steps[-1]) == (4.5, 3994.5)


def test_runs_of_the_same_name_are_told_apart_by_their_path(tmp_path, capsys):
    first, second = write_run(tmp_path / 'a' / 'run'), write_run(tmp_path / 'b' / 'run')
    html = page(first, second, capsys=capsys)
    assert f'<td>{first}</td>' in html and f'<td>{second}</td>' in html


def test_a_run_of_another_model_has_a_page(tmp_path, capsys):
    folder = tmp_path / 'other' / 'part' / 'vis_data'
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text(
        '{"loss": 1.0, "lr": 0.1, "epoch": 1, "iter": 5, "step": 5}\n{"accuracy/top1": 20.0, "step": 1}\n'
    )
    assert re.findall('<h2>(.*)</h2>', page(str(tmp_path / 'other'), capsys=capsys)) == [
        'Losses', 'Optimisation', 'Evaluation']  # yapf: disable


def test_mistakes_are_told_in_one_line(tmp_path, capsys):
    good = write_run(tmp_path / 'run')
    for arguments, message in (
        ([str(tmp_path / 'nowhere')], 'no work directory'),
        ([good] * 7, 'at most 6 runs'),
        ([good, '--out', str(tmp_path)], 'is a folder'),
    ):
        with pytest.raises(SystemExit) as ended:
            analyze_run.main(arguments)
        lines = capsys.readouterr().err.strip().splitlines()
        assert ended.value.code == 1 and len(lines) == 1
        assert lines[0].startswith('error: ') and message in lines[0]
    assert not (tmp_path / 'run' / 'analysis.html').exists()
