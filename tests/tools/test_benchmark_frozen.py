"""The comparison of frozen features: every row gets its numbers, once; a further call goes on."""

import csv
import json
import os
from pathlib import Path

import cv2
import face_layouts
import numpy as np
import pytest
import torch
from made_checkpoints import MEAN, NARROW, STD, fra, fra_config, save
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
    for seed, name in enumerate(('fra.pth', 'b.pth', 'c.pth', 'd.pth')):
        model = fra(NARROW, 64)
        model.backbone.conv1.weight.data.add_(seed)
        save(model, tmp_path / name, NARROW, 64)
    return tmp_path


@pytest.fixture
def run(case, run_tool):
    return lambda *args: run_tool('benchmark_frozen.py', case / 'tasks.py', *args, '--out', case / 'out')


@pytest.fixture
def landmarks(case):
    """A task of four faces with 68 landmarks each."""
    rng = np.random.default_rng(0)
    shape = rng.uniform(60, 140, (68, 2))
    shape[36], shape[45] = (70, 80), (130, 80)
    faces = [
        dict(image_id=i, keypoints=np.column_stack([shape + rng.uniform(-5, 5, 2), np.ones(68)]).ravel().tolist())
        for i in range(4)
    ]
    for i in range(4):
        cv2.imwrite(str(case / f'face{i}.png'), rng.integers(0, 255, (200, 200, 3)).astype(np.uint8))
    images = [dict(id=i, file_name=f'face{i}.png') for i in range(4)]
    (case / 'faces.json').write_text(json.dumps(dict(images=images, annotations=faces)))
    return ['tasks.regions.type=regions', f'tasks.regions.test={case / "faces.json"}', f'tasks.regions.images={case}']


def table(case, name='frozen_features'):
    with open(case / 'out' / f'{name}.csv', newline='', encoding='utf-8') as file:
        return {row['features']: row for row in csv.DictReader(file)}


def test_all_rows_are_measured_and_written(case, run):
    code, out, _ = run(f'FRA={case / "fra.pth"}', '--seeds', 2, '--shares', 0.25, 1, '--device', 'cpu')
    assert code == 0
    rows = table(case)
    assert list(rows) == ['guess', 'HOG', 'raw pixels', 'FRA, pooled', 'FRA, map']
    assert rows['raw pixels']['half 25%'] == '100.00 ± 0.00'
    assert rows['raw pixels']['half 100%'] == '100.00'  # the second draw would be the same
    assert rows['guess']['half 100%'] == rows['guess']['pair'] == '50.00 ± 0.00'
    numbers = json.loads((case / 'out' / 'results.json').read_text())['numbers']
    for place in ('pooled', 'map'):
        expected = np.mean([numbers[f'FRA |  | {place} | half | 0.25 | {seed}'] for seed in (0, 1)])
        assert float(rows[f'FRA, {place}']['half 25%'].split()[0]) == pytest.approx(expected, abs=0.005)
    assert '| raw pixels |' in out and (case / 'out' / 'frozen_features.html').is_file()
    assert 'fra.pth' in (case / 'out' / 'frozen_features.md').read_text()


def test_a_further_call_measures_only_what_is_missing(case, run):
    assert run('--tasks', 'half', '--seeds', 1, '--device', 'cpu')[0] == 0
    results = json.loads((case / 'out' / 'results.json').read_text())
    assert 'HOG |  |  | half | 1.0 | 0' in results['numbers']
    results['numbers']['HOG |  |  | half | 1.0 | 0'] = 77.0  # stays if nobody measures it again
    (case / 'out' / 'results.json').write_text(json.dumps(results))
    code, out, _ = run(f'FRA={case / "fra.pth"}', '--tasks', 'half', '--seeds', 1, '--device', 'cpu')
    assert code == 0 and 'half: FRA, seed 0' in out and 'half: HOG' not in out
    rows = table(case)
    assert rows['HOG']['half 100%'] == '77.00' and rows['FRA, map']['half 100%']


def test_a_name_stands_for_one_checkpoint(case, run):
    options = ('--tasks', 'half', '--seeds', 1, '--no-descriptors', '--device', 'cpu')
    assert run(f'FRA={case / "fra.pth"}', *options)[0] == 0
    model = fra(NARROW, 64)
    model.backbone.conv1.weight.data += 1
    save(model, case / 'fra.pth', NARROW, 64)
    code, _, (error,) = run(f'FRA={case / "fra.pth"}', *options)
    assert code == 1 and 'results of another FRA (weights changed)' in error


def test_weights_may_move(case, run):
    options = ('--tasks', 'half', '--seeds', 1, '--no-descriptors', '--device', 'cpu')
    assert run(f'FRA={case / "fra.pth"}', *options)[0] == 0
    (case / 'fra.pth').rename(case / 'moved.pth')
    code, out, _ = run(f'FRA={case / "moved.pth"}', *options)
    assert code == 0 and 'seed 0' not in out  # nothing is measured again
    assert 'moved.pth' in (case / 'out' / 'frozen_features.md').read_text()


def test_scores_of_a_task_or_of_random_weights_that_changed_are_not_taken_over(case, run):
    model = case / 'model.py'
    pipeline = [dict(type='Resize', scale=32)]
    model.write_text(
        Config(
            dict(
                model=fra_config(NARROW, 64),
                data_preprocessor=dict(mean=MEAN, std=STD),
                test_dataloader=dict(dataset=dict(pipeline=pipeline)),
            )
        ).pretty_text
    )

    def compare(pairs=40):
        options = ('--tasks', 'half', 'pair', '--seeds', 1, '--shares', 1, '--no-descriptors', '--device', 'cpu')
        return run(f'random={model}', *options, '--cfg-options', f'tasks.pair.num_pairs={pairs}')

    assert compare()[0] == 0
    code, _, (error,) = compare(pairs=20)
    assert code == 1 and 'results of another pair (definition changed)' in error
    for path, before, after, message in (
        (case / 'labels.csv', b'20.png,0', b'20.png,1', 'another half (labels changed)'),
        (case / '20.png', b'IEND', b'IEND ', 'another half (faces changed)'),
        (model, b'num_regions=3', b'num_regions=4', 'another random (config changed)'),
    ):
        content, times = path.read_bytes(), path.stat()
        path.write_bytes(content.replace(before, after))
        code, _, (error,) = compare()
        assert code == 1 and f'results of {message}' in error
        path.write_bytes(content)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert compare()[0] == 0
    results = case / 'out' / 'results.json'
    content = json.loads(results.read_text())
    content['stamps']['half']['measure'] -= 1
    results.write_text(json.dumps(content))
    code, _, (error,) = compare()
    assert code == 1 and 'results of another half (measure was' in error


def test_pre_trainings_of_one_method_share_a_row_and_are_compared_seed_by_seed(case, run):
    rows = ['A/0=fra.pth', 'A/1=b.pth', 'B/0=c.pth', 'B/1=d.pth', 'C/0=d.pth']
    rows = [name.replace('=', f'={case}/') for name in rows]
    options = ('--tasks', 'pair', '--seeds', 2, '--no-descriptors', '--places', 'map', '--device', 'cpu')
    code, out, _ = run(*rows, *options)
    assert code == 0
    numbers = json.loads((case / 'out' / 'results.json').read_text())['numbers']
    means = {
        name: np.array(
            [[numbers[f'{name} | {run} | map | pair |  | {seed}'] for seed in (0, 1)] for run in (0, 1)]
        ).mean(1)
        for name in 'AB'
    }
    found = table(case)
    assert list(found) == ['guess', 'A, map (2 runs)', 'B, map (2 runs)', 'C, map']
    assert found['A, map (2 runs)']['pair'] == f'{means["A"].mean():.2f} ± {means["A"].std(ddof=1):.2f}'
    with open(case / 'out' / 'frozen_comparisons.csv', newline='', encoding='utf-8') as file:
        ((compared, cell),) = list(csv.reader(file))[1:]
    assert compared == 'A against B, map (2 runs)'
    assert cell.startswith(f'{(means["A"] - means["B"]).mean():+.2f} [')


def test_checkpoints_of_one_pre_training_are_points_of_a_curve(case, run):
    options = ('--tasks', 'pair', '--seeds', 1, '--no-descriptors', '--places', 'map', '--device', 'cpu')
    curve = case / 'out' / 'frozen_curve.png'
    assert run(f'FRA@2={case / "fra.pth"}', *options)[0] == 0 and not curve.exists()
    assert run(f'FRA@10={case / "b.pth"}', *options)[0] == 0 and cv2.imread(str(curve)) is not None
    assert list(table(case)) == ['guess', 'FRA@2, map', 'FRA@10, map']


def test_tables_are_written_again_without_measuring_and_put_into_a_page(case, run):
    page = case / 'page.md'
    page.write_text('before\n<!-- frozen_features -->\nold\n<!-- end of frozen_features -->\nafter\n')
    code, _, (error,) = run('--tables-only')
    assert code == 1 and 'has no results' in error
    assert run('--tasks', 'half', '--shares', 1, '--seeds', 1, '--device', 'cpu')[0] == 0
    for image in case.glob('*.png'):
        image.unlink()  # no data is needed any more
    code, out, _ = run('--tables-only', '--page', page)  # of what there is
    assert code == 0
    text = page.read_text()
    assert text.startswith('before\n<!-- frozen_features -->\n\n| features | half 100% |\n')
    assert '| raw pixels | 100.00 |' in text and 'old' not in text
    assert text.endswith('<!-- end of frozen_features -->\nafter\n')
    page.write_text('no marks')
    code, _, (error,) = run('--tables-only', '--page', page)
    assert code == 1 and '<!-- frozen_features -->' in error and page.read_text() == 'no marks'


def test_regions_are_measured_where_there_are_heatmaps(case, run, landmarks):
    code, _, _ = run(
        f'FRA={case / "fra.pth"}', '--tasks', 'regions', '--seeds', 2, '--device', 'cpu', '--cfg-options', *landmarks
    )
    assert code == 0
    rows = table(case)
    assert list(rows) == ['guess', 'FRA, map']
    assert 0 <= float(rows['FRA, map']['regions'].split()[0]) <= 1
    assert 0 < float(rows['guess']['regions'].split()[0]) < 1  # a grid, which the same places of all faces suit


def test_parsing_has_a_table_of_the_parts_and_a_page_gets_that_one(case, run):
    face_layouts.synthetic_regions(case / 'drawn')
    faces = dict(type='SyntheticRegions', data_root=str(case / 'drawn'))
    task = dict(type='parsing', train=dict(faces, split='train'), test=dict(faces, split='val'), size=24, pixels=16)
    Config(dict(tasks=dict(parsing=task))).dump(case / 'tasks.py')
    page = case / 'page.md'
    page.write_text('<!-- frozen_parsing -->\n<!-- end of frozen_parsing -->\n')
    code, _, _ = run(f'FRA={case / "fra.pth"}', '--seeds', 1, '--shares', 0.5, 1, '--device', 'cpu', '--page', page)
    assert code == 0
    assert list(table(case)) == ['guess', 'HOG', 'raw pixels', 'FRA, map', 'FRA, heatmaps']
    rows = table(case, 'frozen_parsing')
    assert list(rows) == list(table(case)) and list(rows['HOG'])[1:4] == ['mIoU', 'mF1', 'F1 background']
    numbers = json.loads((case / 'out' / 'results.json').read_text())['numbers']
    for place in ('map', 'heatmaps'):
        row = rows[f'FRA, {place}']
        assert float(row['mIoU']) == pytest.approx(numbers[f'FRA |  | {place} | parsing | 1.0 | 0'], abs=0.005)
        assert float(row['F1 nose']) == pytest.approx(
            numbers[f'FRA |  | {place} | parsing: F1 nose | 1.0 | 0'], abs=0.005
        )
    assert '| FRA, heatmaps |' in page.read_text()
    assert cv2.imread(str(case / 'out' / 'frozen_features.png')) is not None
    assert 'data:image/svg+xml' in (case / 'out' / 'frozen_features.html').read_text()
    code, out, _ = run('--seeds', 1, '--shares', 0.5, 1, '--device', 'cpu')
    assert code == 0 and 'parsing: HOG' not in out  # nothing is measured again
    page.write_text('<!-- frozen_features -->\n<!-- end of frozen_features -->\n')
    code, _, (error,) = run('--tables-only', '--shares', 1, '--page', page)
    assert code == 1 and '<!-- frozen_parsing -->' in error and '|' not in page.read_text()


def test_weights_of_others_stand_in_the_same_table(case, run):
    """A file without a config, in the layout of Bulat et al."""
    from torchvision.models import resnet18

    weights = {f'module.base_net.{name}': value for name, value in resnet18().state_dict().items()}
    torch.save(dict(state_dict=weights), case / 'flr.pth')
    options = (
        '--tasks',
        'half',
        '--seeds',
        1,
        '--shares',
        1,
        '--no-descriptors',
        '--places',
        'pooled',
        '--device',
        'cpu',
    )
    code, _, _ = run(f'FRA={case / "fra.pth"}', f'Bulat={case / "flr.pth"}', *options)
    assert code == 0 and list(table(case)) == ['guess', 'FRA, pooled', 'Bulat, pooled']
    del weights['module.base_net.layer4.1.conv2.weight']
    torch.save(dict(state_dict=weights), case / 'cut.pth')
    code, _, (*_, error) = run(f'cut={case / "cut.pth"}', *options)
    assert code == 1 and 'cut.pth' in error and 'layer4.1.conv2.weight' in error


@pytest.mark.parametrize(
    'args, code, message',
    [
        (['--tasks', 'nose'], 1, 'no task nose'),
        (['FRA=none.pth'], 1, 'none.pth'),
        (['HOG=none.py'], 1, 'two rows are called HOG'),
        (['half=none.py'], 1, 'a row is called half, as one of the tasks is'),
        (['FRA=x.pth', 'FRA/1=x.pth'], 1, 'FRA is one row, and FRA/1 a run'),
        (['FRA/1=x.pth', 'FRA=x.pth'], 1, 'FRA is one row, and FRA/1 a run'),
        (['HOG/1=x.pth'], 1, 'HOG is one row, and HOG/1 a run'),
        (['--page', 'none.md'], 1, '--page none.md: no such page'),
        (['FRA/1=x.pth', 'FRA/1=y.pth'], 1, 'two rows are called FRA/1'),
        (['--cfg-options', 'test_cfg=(1,2'], 1, '--cfg-options test_cfg=(1,2: its brackets do not match'),
        (['FRA'], 2, 'expected NAME=CHECKPOINT'),
        (['--shares', '2'], 2, 'expected a number in (0, 1]'),
        (['--seeds', '0'], 2, '--seeds must be at least 1'),
    ],
)
def test_a_mistake_is_named_and_nothing_is_written(case, run, args, code, message):
    got, _, lines = run(*args)
    assert got == code and message in lines[-1]
    assert not (case / 'out').exists()
