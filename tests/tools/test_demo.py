"""The demo goes on where it stopped, and never reports what other settings or other faces have given."""

import fcntl
import json
import os
import runpy
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from fra_plugin.checkpoints.pretrained.region_names_path import region_names_path
from fra_plugin.evaluation.regions.region_names import RegionParts
from fra_plugin.files.file_hash import sha256
from fra_plugin.synthetic.writer import VERSION

REPO = Path(__file__).resolve().parents[2]


def draw(folder, number, shade=0):
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(number):
        cv2.imwrite(str(folder / f'{i}.png'), np.full((8, 8, 3), (i + shade) % 256, np.uint8))


class Steps:
    """Takes the place of the commands: leaves what they leave, and remembers their settings."""

    def __init__(self):
        self.calls = []

    def __call__(self, command, cwd):
        tool, words = Path(command[1]).name, command[2:]
        value = {word: words[place + 1] for place, word in enumerate(words[:-1]) if word.startswith('--')}
        folders = {'train.py': '--work-dir', 'benchmark_frozen.py': '--out'}
        folder = Path(value[folders[tool]]).name if tool in folders else ''
        self.calls.append(f'{tool[:-3]} {folder}'.strip())
        if tool == 'make_synthetic_faces.py':
            out = Path(value['--out'])
            draw(out / 'images', int(value['--num']), shade=int(value['--seed']))
            (out / 'train.txt').write_text('\n'.join(sorted(path.name for path in (out / 'images').iterdir())))
            made = {key: int(value[f'--{key}']) for key in ('num', 'seed', 'size')}
            (out / 'meta.json').write_text(json.dumps(dict(made, version=VERSION)))
        elif tool == 'similar_faces.py':
            Path(value['--out']).write_text('a picture')
        elif tool == 'benchmark_frozen.py':
            (Path(value['--out']) / 'frozen_features.md').write_text('a table')
        elif tool == 'name_regions.py':
            RegionParts(('nose',), np.ones((1, 1)), 'faces', sha256(words[0])).save(region_names_path(words[0]))
        elif tool == 'train.py':
            work_dir = Path(value['--work-dir'])
            if (work_dir / 'epoch_1.pth').exists():  # --resume finds a finished training
                return SimpleNamespace(returncode=0)
            seed = next(int(word.partition('=')[2]) for word in words if word.startswith('randomness.seed='))
            log = work_dir / 'run' / 'vis_data' / 'scalars.json'
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(json.dumps({'NME_interocular': seed, 'class_accuracy/mean': seed, 'step': 8}) + '\n{"lo')
            (work_dir / 'epoch_1.pth').write_text(' '.join(words))
            (work_dir / 'last_checkpoint').write_text(str(work_dir / 'epoch_1.pth'))
        return SimpleNamespace(returncode=0)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs the demo: what it called, what it printed, and the scores that it would report."""

    def run(*args):
        steps, reported = Steps(), {}

        def write_report(demo, path):
            if demo.drawn:
                for task, metric in (('landmarks', 'NME_interocular'), ('expression', 'class_accuracy/mean')):
                    reported[task] = demo.scores(task, 'FRA')[metric]

        main = runpy.run_path(str(REPO / 'tools' / 'demo.py'))['main']
        main.__globals__['subprocess'] = SimpleNamespace(run=steps)
        monkeypatch.setitem(sys.modules, 'demo_report', SimpleNamespace(write_report=write_report))
        monkeypatch.setattr(sys, 'argv', ['demo.py', '--out', str(tmp_path / 'out'), *map(str, args)])
        main()
        return steps.calls, capsys.readouterr().out, reported

    return run


TRAININGS = [f'train {task}_from_{start}' for start in ('fra', 'random') for task in ('landmarks', 'expression')]
MINUTES = ['train pretrain', 'name_regions', 'benchmark_frozen frozen_minutes']
ALL = ['make_synthetic_faces', 'similar_faces', 'benchmark_frozen frozen', *TRAININGS, *MINUTES]
PHOTOS = ['similar_faces', 'train pretrain', 'name_regions']


def test_a_finished_demo_is_not_done_again(run):
    assert run('--num', 8)[0] == ALL
    assert run('--num', 8)[0] == ['train pretrain']  # which --resume finds at its end


@pytest.mark.parametrize('change', [('--seed', 1), ('--num', 12)])
def test_other_settings_do_everything_anew_and_keep_what_was_there(run, tmp_path, change):
    run('--num', 8)
    former = (tmp_path / 'out' / 'landmarks_from_fra' / 'epoch_1.pth').read_text()
    calls, out, reported = run('--num', 8, *change)  # the later --num counts
    assert calls == ALL and 'anew, as ' in out
    assert set(reported.values()) == {1 if change[0] == '--seed' else 0}
    kept = list((tmp_path / 'out' / 'earlier').glob('landmarks_from_fra_*/epoch_1.pth'))
    assert [path.read_text() for path in kept] == [former]


def test_a_larger_budget_trains_the_pretraining_and_what_depends_on_it_anew(run):
    run('--num', 8)
    calls, out, _ = run('--num', 8, '--budget', 80)
    assert 'budget was 5000, is 80' in out
    assert calls == MINUTES


def test_other_weights_do_all_anew_that_begins_with_them(run, tmp_path):
    run('--num', 8)
    (tmp_path / 'mine.pth').write_text('other weights')
    calls, out, _ = run('--num', 8, '--weights', tmp_path / 'mine.pth')
    assert calls == ['name_regions', 'similar_faces', 'benchmark_frozen frozen', *TRAININGS[:2], 'train pretrain']
    assert 'anew, as weights' in out


def test_faces_of_a_folder_do_not_get_the_model_of_other_faces(run, tmp_path):
    draw(tmp_path / 'my faces', 9)
    run('--num', 8)
    calls, out, _ = run('--data', tmp_path / 'my faces')
    assert calls == PHOTOS and 'anew, as faces changed' in out
    calls, out, _ = run('--data', tmp_path / 'my faces')
    assert calls == ['train pretrain'] and 'anew' not in out
    draw(tmp_path / 'my faces', 10, shade=9)
    assert 'anew, as faces changed; count was 9, is 10' in run('--data', tmp_path / 'my faces')[1]
    assert run('--num', 8)[0][0] == 'similar_faces'


def test_another_photo_of_the_same_name_size_and_time_is_another_photo(run, tmp_path):
    draw(tmp_path / 'faces', 9)
    run('--data', tmp_path / 'faces', '--budget', 8)
    last = tmp_path / 'faces' / '8.png'  # which pre-training does not look at
    content, times = last.read_bytes(), last.stat()
    last.write_bytes(content.replace(b'IEND', b'IENd'))
    os.utime(last, ns=(times.st_atime_ns, times.st_mtime_ns))
    calls, out, _ = run('--data', tmp_path / 'faces', '--budget', 8)
    assert calls == PHOTOS and 'anew, as faces changed' in out


def test_a_second_demo_in_the_same_folder_waits(run, tmp_path):
    (tmp_path / 'out').mkdir()
    with open(tmp_path / 'out' / '.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        begun = []
        ends = threading.Timer(1, lambda: begun.append((tmp_path / 'out' / 'faces').exists()) or lock.close())
        ends.start()
        calls, out, _ = run('--num', 8)
    assert begun == [False] and calls == ALL and 'another demo is at work' in out


def test_a_folder_with_labels_gives_numbers_and_other_labels_give_others(run, tmp_path):
    draw(tmp_path / 'faces', 9)
    labels = tmp_path / 'faces' / 'labels.csv'
    labels.write_text('path,label,split\n0.png,yes,train\n')
    numbers = ['benchmark_frozen frozen', 'benchmark_frozen frozen_minutes']
    calls = run('--data', tmp_path / 'faces')[0]
    assert calls == [PHOTOS[0], numbers[0], *PHOTOS[1:], numbers[1]]
    labels.write_text('path,label,split\n0.png,no,train\n')
    assert [call for call in run('--data', tmp_path / 'faces')[0] if call in numbers] == numbers


def test_a_demo_that_moved_uses_its_own_checkpoint(run, tmp_path, monkeypatch):
    run('--num', 8)
    (tmp_path / 'out').rename(tmp_path / 'moved')
    assert run('--num', 8, '--out', tmp_path / 'moved')[0] == ['train pretrain']


def test_a_pretraining_without_a_checkpoint_ends_with_one_line(run, tmp_path, capsys):
    run('--num', 8)
    (tmp_path / 'out' / 'pretrain' / 'last_checkpoint').unlink()
    with pytest.raises(SystemExit):
        run('--num', 8)
    assert capsys.readouterr().err.splitlines()[-1].endswith('pretrain: pre-training has left no checkpoint')


@pytest.mark.parametrize(
    'prepare, args, message',
    [
        (lambda folder: draw(folder, 7), (), 'pre-training needs at least 8 faces, found 7'),
        (lambda folder: draw(folder.parent / 'other', 1), (), 'no such folder of face images'),
        (
            lambda folder: draw(folder, 8) or (folder / 'labels.csv').write_text('path,label\n'),
            (),
            "labels.csv:1: no column 'split'; the file has 'path', 'label'",
        ),
        (
            lambda folder: draw(folder, 8),
            ('--weights', 'fra_r18w32'),
            'no checkpoint fra_r18w32; did you mean fra_r18w32_96px?',
        ),
    ],
)
def test_what_cannot_work_ends_with_one_line_before_anything_is_done(run, tmp_path, capsys, prepare, args, message):
    prepare(tmp_path / 'faces')
    with pytest.raises(SystemExit) as end:
        run('--data', tmp_path / 'faces', *args)
    line = capsys.readouterr().err.splitlines()[-1]
    assert end.value.code == 1 and message in line
    assert not list((tmp_path / 'out').glob('*/*'))


def test_an_output_among_the_photos_or_in_a_file_and_a_budget_without_a_step_are_refused(run, tmp_path, capsys):
    draw(tmp_path / 'faces', 8)
    with pytest.raises(SystemExit) as end:
        run('--data', tmp_path / 'faces', '--out', tmp_path / 'faces' / 'demo')
    assert end.value.code == 1 and 'its pictures would count as faces' in capsys.readouterr().err.splitlines()[-1]
    with pytest.raises(SystemExit) as end:
        run('--data', tmp_path / 'faces', '--budget', 7)
    assert end.value.code == 2 and '--budget must be at least 8, got 7' in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        run('--out', tmp_path / 'faces' / '0.png')
    assert end.value.code == 1 and capsys.readouterr().err.splitlines()[-1].endswith('is a file, expected a folder')


@pytest.mark.parametrize('data', ['', 'my faces, 2024', 'a "quoted" \'name\'', '$HOME $(pwd) `pwd`', '007'])
def test_make_hands_the_folder_on_as_it_was_typed(tmp_path, data):
    (tmp_path / 'python').write_text('#!/bin/sh\nshift\nprintf "%s|" "$@"\n')
    (tmp_path / 'python').chmod(0o755)
    done = subprocess.run(
        ['make', '--silent', '-o', 'env', 'demo', f'BIN={tmp_path}', f'DATA={data}', 'ARGS=--seed 3'],
        cwd=REPO, stdout=subprocess.PIPE, text=True, env=dict(os.environ, MAKEFLAGS=''),
    )  # fmt: skip
    assert done.stdout == (f'--data|{data}|--seed|3|' if data else '--seed|3|')
