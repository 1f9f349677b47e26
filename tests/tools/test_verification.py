"""The command: a table, a json file, and one line for a mistake."""

import importlib.util
import json
from pathlib import Path

import face_layouts
import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS

PATH = Path(__file__).resolve().parents[2] / 'tools/verification.py'


def run(*arguments):
    spec = importlib.util.spec_from_file_location('verification', PATH)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    tool.main([*map(str, arguments)])


@pytest.fixture
def case(tmp_path, monkeypatch):
    monkeypatch.setattr(Config, 'pretty_text', property(lambda cfg: ''))  # slow, and only for the log
    face_layouts.lfw(tmp_path)
    model = MODELS.build(dict(type='ResNet', depth=18, stem_channels=8, base_channels=8))
    torch.save({f'module.encoder_q.{name}': value for name, value in model.state_dict().items()}, tmp_path / 'moco.pth')
    options = (
        '--work-dir',
        tmp_path / 'work',
        '--cfg-options',
        'model.backbone.depth=18',
        'model.backbone.stem_channels=8',
        'model.backbone.base_channels=8',
        'test_dataloader.num_workers=0',
        'test_dataloader.persistent_workers=False',
    )
    return tmp_path, options


def test_weights_of_another_width_are_refused(case, capsys):
    folder, options = case
    with pytest.raises(SystemExit):
        run(
            folder / 'moco.pth',
            folder / 'pairs.txt',
            '--images',
            folder / 'lfw',
            *options,
            'model.backbone.stem_channels=4',
            'model.backbone.base_channels=4',
        )
    assert 'moco.pth does not fit the ResNet: size mismatch' in capsys.readouterr().err


@pytest.mark.parametrize(
    'bad, message',
    [('weights', 'moco.pth holds weights that are not finite'), ('features', 'the model gives values that')],
)
def test_what_is_not_finite_is_refused(case, capsys, bad, message):
    folder, options = case
    weights = torch.load(folder / 'moco.pth')
    for norm in ('bn1', 'bn2'):
        weights[f'module.encoder_q.layer4.1.{norm}.weight'].fill_(float('nan') if bad == 'weights' else 1e30)
    torch.save(weights, folder / 'moco.pth')
    with pytest.raises(SystemExit):
        run(folder / 'moco.pth', folder / 'pairs.txt', '--images', folder / 'lfw', '--out', folder / 'r.json', *options)
    assert message in capsys.readouterr().err and not (folder / 'r.json').exists()


def test_an_option_that_cannot_be_read_is_one_line(case, capsys):
    folder, _ = case
    with pytest.raises(SystemExit):
        run(folder / 'moco.pth', folder / 'pairs.txt', '--images', folder / 'lfw', '--cfg-options', 'test_cfg=[1,2')
    assert 'error: --cfg-options test_cfg=[1,2: its brackets do not match' in capsys.readouterr().err


def test_results_are_printed_and_written(case, capsys):
    folder, options = case
    run(
        folder / 'moco.pth',
        folder / 'pairs.txt',
        '--images',
        folder / 'lfw',
        '--out',
        folder / 'new/result.json',
        *options,
    )
    percent = json.loads((folder / 'new/result.json').read_text())['percent']
    assert set(percent) == {'accuracy', 'accuracy_std', 'tar@far=0.1', 'tar@far=0.01', 'tar@far=0.001', 'auc'}
    assert f'accuracy      {percent["accuracy"]:8.2f} %' in capsys.readouterr().out


@pytest.mark.parametrize('checkpoint, message', [('other.pth', 'has no known place'), ('absent.pth', 'absent.pth')])
def test_mistake_is_one_line_and_nothing_is_written(case, capsys, checkpoint, message):
    folder, options = case
    torch.save(dict(a=torch.ones(1)), folder / 'other.pth')
    with pytest.raises(SystemExit) as exit_code:
        run(folder / checkpoint, folder / 'pairs.txt', '--images', folder / 'lfw', '--out', folder / 'r.json', *options)
    assert exit_code.value.code == 1 and not (folder / 'r.json').exists()
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith('error: ')]
    assert len(errors) == 1 and message in errors[0]
