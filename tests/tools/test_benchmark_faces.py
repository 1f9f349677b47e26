"""The measures of detectors and of crops: a perfect detector gets perfect numbers, and another crop other features."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_checkpoints import NARROW, fra, save
from mmengine.config import Config

from fra_plugin.faces import DetectedFace, Detector, detectors

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
SHAPE = np.random.default_rng(0).uniform(60, 140, (68, 2))
SHAPE[36:48] = [(70, 80)] * 6 + [(130, 80)] * 6
SHAPE[30], SHAPE[48], SHAPE[54] = (100, 105), (80, 130), (120, 130)
FIVE = np.array([(70, 80), (130, 80), (100, 105), (80, 130), (120, 130)])


class Known(Detector):
    """Finds the face of SHAPE in pictures that are bright, two pixels to the right of where its points are."""

    has_points = True

    def find(self, image):
        return [DetectedFace((55, 55, 145, 145), 0.9, FIVE + (2, 0))] if image.mean() > 100 else []


@pytest.fixture
def case(tmp_path, monkeypatch):
    monkeypatch.setitem(detectors.DETECTORS, 'haar', Known)
    annotations = []
    for i in range(4):  # the last one is dark
        picture = np.random.default_rng(i).integers(0, 60, (200, 200, 3)).astype(np.uint8) + np.uint8(150 * (i < 3))
        cv2.imwrite(str(tmp_path / f'{i}.png'), picture)
        keypoints = np.column_stack([SHAPE, np.ones(68)]).ravel().tolist()
        annotations.append(dict(image_id=i, keypoints=keypoints))
    images = [dict(id=i, file_name=f'{i}.png') for i in range(4)]
    (tmp_path / 'faces.json').write_text(json.dumps(dict(images=images, annotations=annotations)))
    for name, value in (('empty/a.png', 0), ('empty/b.png', 200)):
        (tmp_path / 'empty').mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.full((200, 200, 3), value, np.uint8))
    return tmp_path


@pytest.fixture
def run(run_tool):
    """Exit code and the lines of the error output of a command."""
    return lambda tool, *args: run_tool(tool, *args)[::2]


def rows(path):
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def test_recall_points_and_false_faces_are_counted(case, run):
    options = ('--detectors', 'haar', '--without', case / 'empty', '--out', case / 'out')
    assert run('benchmark_detectors.py', case / 'faces.json', case, *options)[0] == 0
    (row,) = rows(case / 'out/detectors.csv')
    assert row['faces found, %'] == '75.0' and row['error of points, %'] == f'{100 * 2 / 60:.1f}'
    assert row['false faces'] == '1' and row['pictures with false faces'] == '1 of 2' and row['box'] == '1.50'
    options = ('--detectors', 'none', '--out', case / 'o')
    code, (error,) = run('benchmark_detectors.py', case / 'faces.json', case, *options)
    assert code == 1 and "got 'none'" in error and not (case / 'o').exists()


@pytest.fixture
def tasks(case):
    """Labelled pictures whose upper or lower half is brighter, inside the box of the face."""
    lines = ['path,half,split']
    for i in range(24):
        picture = np.random.default_rng(i).integers(120, 150, (200, 200, 3)).astype(np.uint8)
        picture[60:100] += np.uint8(90 * (i % 2))
        picture[100:140] += np.uint8(90 * (1 - i % 2))
        cv2.imwrite(str(case / f'half{i}.png'), picture)
        lines.append(f'half{i}.png,{i % 2},{"train" if i < 16 else "val"}')
    (case / 'labels.csv').write_text('\n'.join(lines) + '\n')
    data = dict(type='FaceCSV', data_root=str(case), ann_file='labels.csv', label_column='half')
    half = dict(type='classes', train=dict(data, split='train'), test=dict(data, split='val'))
    (case / 'tasks.py').write_text(
        Config(dict(tasks=dict(half=half, pair=dict(type='pairs', dataset=data)))).pretty_text
    )
    save(fra(NARROW, 64), case / 'fra.pth', NARROW, 64)
    return case / 'fra.pth', case / 'tasks.py', '--detector', 'haar', '--device', 'cpu', '--out', case / 'crops'


def test_the_first_crop_costs_itself_nothing(case, tasks, run):
    crops = ('--tasks', 'half', '--crops', 'none:0', 'none:0.0', 'whole', 'similarity:0.5')
    assert run('benchmark_crops.py', *tasks, *crops)[0] == 0
    same, other = rows(case / 'crops/crops_same.csv'), rows(case / 'crops/crops_other.csv')
    assert [row['crop'] for row in same] == ['margin +0 %', 'margin +0 %', 'whole', 'aligned, margin +50 %']
    assert same[0] == same[1] and other[0] == other[1]
    assert same[0]['half'] == other[0]['half'] == '100.00'
    assert 'found a face in 100.0 % of 24 pictures' in (case / 'crops/crops_same.md').read_text()


def test_wrong_crops_and_tasks_are_one_line(case, tasks, monkeypatch, run):
    def error(*args):
        code, lines = run('benchmark_crops.py', *tasks, *args)
        assert code == 1 and len(lines) == 1, lines
        return lines[0]

    assert '--crops none:x: expected whole or ALIGN:MARGIN' in error('--tasks', 'half', '--crops', 'none:x')
    assert '--crops affine:0: expected' in error('--tasks', 'half', '--crops', 'affine:0')
    assert 'has no task pair of classes' in error('--tasks', 'pair')
    assert 'has no task age of classes' in error('--tasks', 'age')
    monkeypatch.setattr(Known, 'has_points', False)
    assert 'gives no points' in error('--tasks', 'half', '--crops', 'similarity:0')
    assert not (case / 'crops').exists()
