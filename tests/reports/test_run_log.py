"""Reading a work directory: resumed, still being written, counted in epochs or iterations."""

import json

import numpy as np
import pytest

from fra_plugin.reports.run_log import RunLog


def write(work_dir, part, records, tail='', log=None):
    folder = work_dir / part / 'vis_data'
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text(''.join(json.dumps(record) + '\n' for record in records) + tail)
    if log is not None:
        (work_dir / part / f'{part}.log').write_text(log)


def train(iteration, epoch=1, **values):
    return dict(values, epoch=epoch, iter=iteration, step=iteration)


def test_series_in_the_order_of_iterations(tmp_path):
    write(tmp_path, '20260101_000000', [train(10, loss=3.0, lr=0.1), train(20, loss=2.0), train(30, loss=1)])
    run = RunLog(tmp_path)
    steps, values = run.series['loss']
    assert steps.tolist() == [10, 20, 30] and values.tolist() == [3, 2, 1]
    assert run.series['lr'][0].tolist() == [10]
    assert (run.iterations, run.last('loss'), run.last('nothing')) == (30, 1, None)
    assert 'iter' not in run.series and 'step' not in run.series


def test_a_half_written_last_line_is_left_for_later(tmp_path):
    write(tmp_path, 'part', [train(10, loss=3.0)], tail='{"loss": 2.0, "it')
    assert RunLog(tmp_path).series['loss'][0].tolist() == [10]


def test_another_broken_line_is_an_error_with_its_place(tmp_path):
    write(tmp_path, 'part', [train(10, loss=3.0)], tail='{"loss": 2.0, "it\n{"loss": 1.0}\n')
    with pytest.raises(ValueError, match='scalars.json:2'):
        RunLog(tmp_path)


def test_a_resumed_part_replaces_the_iterations_that_it_did_again(tmp_path):
    write(tmp_path, '20260101_000000', [train(i, loss=1.0) for i in (10, 20, 30, 40)])
    write(tmp_path, '20260102_000000', [train(i, loss=2.0) for i in (30, 40, 50)])
    steps, values = RunLog(tmp_path).series['loss']
    assert steps.tolist() == [10, 20, 30, 40, 50] and values.tolist() == [1, 1, 2, 2, 2]


def test_an_evaluation_that_counts_epochs_stands_at_their_last_iteration(tmp_path):
    write(
        tmp_path,
        'part',
        [
            train(5, 1, loss=1.0),
            train(10, 1, loss=1.0),
            {'acc/top1': 50.0, 'step': 1},
            train(15, 2, loss=1.0),
            train(20, 2, loss=1.0),
            {'acc/top1': 60.0, 'step': 2},
        ],
    )
    steps, values = RunLog(tmp_path).series['acc/top1']
    assert steps.tolist() == [10, 20] and values.tolist() == [50, 60]


def test_a_part_that_begins_with_an_evaluation_leaves_the_history(tmp_path):
    write(tmp_path, '20260101_000000', [train(10, 1, loss=1.0), train(100, 2, loss=2.0)])
    write(tmp_path, '20260102_000000', [{'acc/top1': 50.0, 'step': 2}, train(110, 3, loss=3.0)])
    write(tmp_path, '20260103_000000', [{'acc/top1': 60.0, 'step': 3}])
    run = RunLog(tmp_path)
    assert run.series['loss'][0].tolist() == [10, 100, 110]
    assert [values.tolist() for values in run.series['acc/top1']] == [[100, 110], [50, 60]]


def test_not_a_number_is_kept_and_text_is_not(tmp_path):
    write(tmp_path, 'part', [train(10, loss=float('nan'), note='x', several=[1, 2])])
    run = RunLog(tmp_path)
    assert np.isnan(run.series['loss'][1]).all() and set(run.series) == {'loss', 'epoch'}


def test_pictures_are_sorted_by_iteration(tmp_path):
    write(tmp_path, 'part', [train(10, loss=1.0)])
    (tmp_path / 'regions').mkdir()
    for name in ('iter_00000100.jpg', 'iter_00000020.jpg', 'iter_2.txt', '.1.partial-iter_00000300.jpg'):
        (tmp_path / 'regions' / name).touch()
    assert [(step, path.name) for step, path in RunLog(tmp_path).pictures] == [
        (20, 'iter_00000020.jpg'), (100, 'iter_00000100.jpg')]  # yapf: disable


def test_warnings_since_the_first_iteration_each_text_once(tmp_path):
    stamp = '2026/01/01 00:00:0{} - mmengine - {}'
    lines = [
        stamp.format(0, 'WARNING - of the start'),
        stamp.format(1, 'INFO - Epoch(train) [1][10/20]  loss: 1'),
        stamp.format(2, 'WARNING - collapse'),
        stamp.format(3, 'INFO - fine'),
        stamp.format(4, 'WARNING - slow'),
        stamp.format(5, 'WARNING - collapse'),
        'no log line',
    ]
    write(tmp_path, 'part', [train(10, loss=1.0)], log='\n'.join(lines))
    assert RunLog(tmp_path).warnings == [('2026/01/01 00:00:04', 'slow'), ('2026/01/01 00:00:05', 'collapse')]


def test_the_folder_of_one_part_is_read_too(tmp_path):
    write(tmp_path, 'part', [train(10, loss=1.0)])
    assert RunLog(tmp_path / 'part').iterations == 10


def test_no_run_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match='no work directory'):
        RunLog(tmp_path / 'nowhere')
    with pytest.raises(FileNotFoundError, match='no scalars in'):
        RunLog(tmp_path)
    write(tmp_path, 'part', [], tail='{"lo')
    with pytest.raises(FileNotFoundError, match='no scalars in'):
        RunLog(tmp_path)
