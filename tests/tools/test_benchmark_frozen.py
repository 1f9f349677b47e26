"""The comparison of frozen features: every row gets its numbers, once; a further call goes on."""

import csv
import json
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_checkpoints import NARROW, fra, save
from mmengine.config import Config

TOOL = str(Path(__file__).resolve().parents[2] / 'tools' / 'benchmark_frozen.py')


@pytest.fixture
def case(tmp_path):
    """Faces whose upper or lower half is bright, and a config with that as their label."""
    rows = ['path,half,split']
    for i in range(24):
        image = np.random.default_rng(i).integers(0, 60, (32, 32, 3)).astype(np.uint8)
        image[:16] += np.uint8(150 * (i % 2))
        image[16:] += np.uint8(150 * (1 - i % 2))
        cv2.imwrite(str(tmp_path / f'{i}.png'), image)
        rows.append(f'{i}.png,{i % 2},{"train" if i < 16 else "val"}')
    (tmp_path / 'labels.csv').write_text('\n'.join(rows) + '\n')
    data = dict(type='FaceCSV', data_root=str(tmp_path), ann_file='labels.csv', label_column='half')
    (tmp_path / 'tasks.py').write_text(
        Config(
            dict(
                tasks=dict(
                    half=dict(type='classes', train=dict(data, split='train'), test=dict(data, split='val')),
                    pair=dict(type='pairs', dataset=data, num_pairs=40),
                )
            )
        ).pretty_text
    )
    save(fra(NARROW, 64), tmp_path / 'fra.pth', NARROW, 64)
    return tmp_path


@pytest.fixture
def run(case, monkeypatch, capsys):
    def run(*args):
        main = runpy.run_path(TOOL)['main']
        monkeypatch.setattr(sys, 'argv', ['tool', str(case / 'tasks.py'), *map(str, args), '--out', str(case / 'out')])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err.splitlines()

    return run


def table(case):
    with open(case / 'out' / 'frozen_features.csv', newline='', encoding='utf-8') as file:
        return {row['features']: row for row in csv.DictReader(file)}


def test_all_rows_are_measured_and_written(case, run):
    code, out, _ = run(f'FRA={case / "fra.pth"}', '--seeds', 2, '--shares', 0.25, 1, '--device', 'cpu')
    assert code == 0
    rows = table(case)
    assert list(rows) == ['guess', 'HOG', 'raw pixels', 'FRA']
    assert rows['raw pixels']['half 100%'] == rows['raw pixels']['half 25%'] == '100.00 ± 0.00'
    assert rows['guess']['half 100%'] == rows['guess']['pair'] == '50.00 ± 0.00'
    numbers = json.loads((case / 'out' / 'results.json').read_text())['numbers']
    expected = np.mean([numbers[f'half | FRA | 1.0 | {seed}'] for seed in (0, 1)])
    assert float(rows['FRA']['half 100%'].split()[0]) == pytest.approx(expected, abs=0.005)
    assert '| raw pixels |' in out and (case / 'out' / 'frozen_features.html').is_file()
    assert 'fra.pth' in (case / 'out' / 'frozen_features.md').read_text()


def test_a_further_call_measures_only_what_is_missing(case, run):
    assert run('--tasks', 'half', '--seeds', 1, '--device', 'cpu')[0] == 0
    results = json.loads((case / 'out' / 'results.json').read_text())
    results['numbers']['half | HOG | 1.0 | 0'] = 77.0  # stays if nobody measures it again
    (case / 'out' / 'results.json').write_text(json.dumps(results))
    code, out, _ = run(f'FRA={case / "fra.pth"}', '--tasks', 'half', '--seeds', 1, '--device', 'cpu')
    assert code == 0 and 'half: FRA, seed 0' in out and 'half: HOG' not in out
    rows = table(case)
    assert rows['HOG']['half 100%'] == '77.00' and rows['FRA']['half 100%']


def test_a_name_stands_for_one_checkpoint(case, run):
    options = ('--tasks', 'half', '--seeds', 1, '--no-descriptors', '--device', 'cpu')
    assert run(f'FRA={case / "fra.pth"}', *options)[0] == 0
    model = fra(NARROW, 64)
    model.backbone.conv1.weight.data += 1
    save(model, case / 'fra.pth', NARROW, 64)
    code, _, (error,) = run(f'FRA={case / "fra.pth"}', *options)
    assert code == 1 and 'results of another FRA' in error


@pytest.mark.parametrize(
    'args, code, message',
    [
        (['--tasks', 'nose'], 1, 'no task nose'),
        (['FRA=none.pth'], 1, 'none.pth'),
        (['HOG=none.py'], 1, 'two rows are called HOG'),
        (['FRA'], 2, 'expected NAME=CHECKPOINT'),
        (['--shares', '2'], 2, 'expected a number in (0, 1]'),
        (['--seeds', '0'], 2, '--seeds must be at least 1'),
    ],
)
def test_a_mistake_is_named_and_nothing_is_written(case, run, args, code, message):
    got, _, lines = run(*args)
    assert got == code and message in lines[-1]
    assert not (case / 'out').exists()
