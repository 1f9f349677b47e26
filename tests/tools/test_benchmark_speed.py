"""The table of speeds: every part is measured, and what follows from the numbers is right."""

import csv
import importlib.util
import re
from pathlib import Path

import pytest
from mmengine.config import Config
from watched_run import write_faces

TOOL = Path(__file__).resolve().parents[2] / 'tools/analysis_tools/benchmark_speed.py'
spec = importlib.util.spec_from_file_location('benchmark_speed', TOOL)
benchmark_speed = importlib.util.module_from_spec(spec)
spec.loader.exec_module(benchmark_speed)


def arguments(folder, *more, faces=12):
    write_faces(folder / 'faces', per_class=faces // 2)
    return [
        'fra_r18_1xb64_demo',
        '--iterations',
        '2',
        *more,
        '--cfg-options',
        'train_dataloader.dataset.data_root=',
        f'train_dataloader.dataset.data_prefix={folder}/faces',
        'train_dataloader.dataset.ann_file=',
        f'train_dataloader.dataset.cache_dir={folder}/cache',
        'train_dataloader.batch_size=4',
        'train_dataloader.num_workers=1',
        'train_cfg.max_epochs=1000',
    ]


def test_the_table_of_a_small_training(tmp_path, monkeypatch, capsys):
    """Each part in this process, to save the start of others."""

    def measure(args, cfg, part):
        cfg = Config(cfg.to_dict())
        cfg.work_dir = str(tmp_path / 'work')
        return benchmark_speed.measure_here(cfg, part, args.iterations)

    monkeypatch.setattr(benchmark_speed, 'measure', measure)
    monkeypatch.chdir(tmp_path)
    benchmark_speed.main(arguments(tmp_path, '--workers', '0', '1', '--out', 'speed'))
    shown = capsys.readouterr().out
    header, *rows = csv.reader((tmp_path / 'speed/benchmark_speed.csv').open())
    assert [row[0] for row in rows] == [
        'data alone, 0 workers',
        'data alone, 1 workers',
        'step alone, channels first',
        'step alone, channels last',
        'both together, 1 workers',
    ]
    for _, pairs, milliseconds, _ in rows:
        assert float(pairs) * float(milliseconds) == pytest.approx(4000, rel=1e-3)
    assert all(float(row[3]) > 100 for row in rows[2:])
    step, both = (float(row[2]) for row in rows[3:])
    waits = int(re.search(r'The device waits for data in (\d+) % of the time', shown)[1])
    assert waits == pytest.approx(100 * max(0, 1 - step / both), abs=1)
    days = re.search(r'1000 epochs of 12 faces are 3,000 iterations here, (\S+) days', shown)
    assert float(days[1]) == pytest.approx(3000 * both / 86400e3, rel=0.01)
    assert list(tmp_path.glob('**/*.pth')) == []


def test_a_mistake_in_another_process_is_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit):
        benchmark_speed.main(arguments(tmp_path, faces=2))
    assert re.search(
        r'^error: data alone, 1 workers: 2 faces are fewer than a batch of 4', capsys.readouterr().err, re.M
    )


def test_a_config_without_training_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        benchmark_speed.main(['resnet50_1xb64-verify-fra_lfw'])
    assert 'it is not a config to train with' in capsys.readouterr().err
