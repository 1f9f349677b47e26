"""Weights that come with the package: found by name, whole, and with the numbers that they had when they were shipped."""

import json
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from made_checkpoints import NARROW, fra, save
from mmengine.config import Config
from mmpretrain import get_model, list_models
from mmpretrain.registry import MODELS

from fra_plugin.apis import FRAFeatures
from fra_plugin.checkpoints.export_encoder import export_encoder
from fra_plugin.checkpoints.fingerprint import drawn_face, fingerprint
from fra_plugin.checkpoints.safe_loading.safe_load import safe_load
from fra_plugin.checkpoints.shipped_weights import find_checkpoint, shipped_weights
from fra_plugin.files.file_hash import sha256

pytest.importorskip('safetensors')

ROOT = Path(__file__).resolve().parents[2]
SHIP = str(ROOT / 'tools/model_converters/ship_weights.py')
NAMES = sorted(shipped_weights())


@pytest.mark.parametrize('name', NAMES)
def test_a_drawn_face_gives_the_numbers_that_the_file_tells(name):
    expected = json.loads(safe_load(name)['meta']['fingerprint'])
    found = fingerprint(FRAFeatures(name, device='cpu')([drawn_face()], what=['embedding', 'heatmaps']))
    assert found.keys() == expected.keys()
    for part, numbers in expected.items():
        assert found[part] == pytest.approx(numbers, abs=2e-3), part


@pytest.mark.parametrize('name', NAMES)
def test_each_has_a_card_that_tells_its_file_and_its_origin(name):
    path = shipped_weights()[name]
    card = path.with_name(f'{name}.md').read_text()
    assert path.name in card and sha256(path) in card
    assert safe_load(name)['meta']['sha256'] in card
    for heading in ('## Training', '## Results', '## Licence and limits'):
        assert heading in card
    assert path.stat().st_size < 10e6


@pytest.mark.parametrize('name', NAMES)
def test_each_region_has_a_name_that_the_card_tells_too(name):
    features = FRAFeatures(name, device='cpu')
    parts = features.region_parts
    assert parts is not None, 'tools/model_converters/ship_weights.py names the regions'
    card = shipped_weights()[name].with_name(f'{name}.md').read_text()
    assert [f'| {number} | {text} |' in card for number, text in enumerate(parts.names())] == [True] * len(parts.shares)
    names = features([drawn_face()], what=['heatmaps'])['region_names'].tolist()
    assert names == parts.names() and all(names)
    assert parts.region('mouth') != parts.region('eyes')


@pytest.mark.parametrize('name', NAMES)
def test_the_names_are_those_that_drawn_faces_tell(name, monkeypatch):
    monkeypatch.setattr('fra_plugin.apis.DRAWN_FACES', 60)
    features = FRAFeatures(name, device='cpu')
    stored = features.region_parts.shares
    assert np.abs(features.name_regions().shares - stored).max() < 0.15


@pytest.mark.parametrize('name', NAMES)
def test_other_faces_do_not_change_the_names_in_the_package(name, run_tool, monkeypatch, tmp_path):
    monkeypatch.setattr('fra_plugin.apis.DRAWN_FACES', 2)
    before = {path: path.read_bytes() for path in shipped_weights()[name].parent.iterdir()}
    code, out, _ = run_tool('name_regions.py', name, '--device', 'cpu')
    assert code == 0 and 'region 0: ' in out and 'by 2 drawn faces, not written: the package keeps its own' in out
    assert {path: path.read_bytes() for path in shipped_weights()[name].parent.iterdir()} == before
    FRAFeatures(name, device='cpu').save_pretrained(tmp_path / 'mine')
    assert 'written to ' in run_tool('name_regions.py', tmp_path / 'mine', '--device', 'cpu')[1]
    assert FRAFeatures(tmp_path / 'mine', device='cpu').region_parts.faces == '2 drawn faces'


@pytest.mark.parametrize('name', NAMES)
def test_mmpretrain_knows_the_name(name):
    assert name in list_models('fra_')
    model = get_model(name, pretrained=True)
    shipped = safe_load(name)['state_dict']
    for key, tensor in model.state_dict().items():
        assert key not in shipped or torch.equal(tensor, shipped[key].to(tensor.dtype)), key
    assert set(shipped) <= set(model.state_dict())
    assert model.extract_feat(torch.zeros(1, 3, 96, 96))[-1].shape == (1, 128, 12, 12)


def test_a_backbone_starts_from_the_name():
    config = Config.fromfile(ROOT / 'configs/_base_/models/resnet18_w32.py').backbone
    backbone = MODELS.build(dict(config, init_cfg=dict(type='PretrainedBackbone', checkpoint='fra_r18w32_96px')))
    backbone.init_weights()
    shipped = safe_load('fra_r18w32_96px')['state_dict']
    assert torch.equal(backbone.conv1.weight, shipped['backbone.conv1.weight'].float())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Weights of a made model, with a card."""
    save(fra(NARROW, 64), tmp_path / 'epoch_3.pth', NARROW, 64)
    weights = tmp_path / 'weights'
    weights.mkdir()
    marks = ''.join(f'<!-- {name} -->\n<!-- end of {name} -->\n' for name in ('file', 'regions'))
    (weights / 'small.md').write_text(f'# small\n{marks}')
    monkeypatch.setattr('fra_plugin.apis.DRAWN_FACES', 2)
    return weights


def ship(monkeypatch, *args):
    monkeypatch.setattr(sys, 'argv', ['ship_weights.py', *map(str, args)])
    try:
        runpy.run_path(SHIP, run_name='__main__')
    except SystemExit as end:
        return end.code
    return 0


def test_a_better_model_takes_the_place_of_the_former_one(folder, monkeypatch, tmp_path):
    assert ship(monkeypatch, tmp_path / 'epoch_3.pth', 'small', '--folder', folder) == 0
    first = find_checkpoint('small', folder)
    assert sha256(first)[:8] == Path(first).stem[-8:]
    model = fra(NARROW, 64)
    model.backbone.conv1.weight.data += 1
    save(model, tmp_path / 'epoch_4.pth', NARROW, 64)
    assert ship(monkeypatch, tmp_path / 'epoch_4.pth', 'small', '--folder', folder) == 0
    second = find_checkpoint('small', folder)
    names = Path(second).with_suffix('.regions.json')
    assert first != second and sorted(folder.iterdir()) == [names, Path(second), folder / 'small.md']
    features = FRAFeatures(second, device='cpu')
    assert features.region_parts.weights == sha256(second) and len(features.region_parts.names()) == 3
    card = (folder / 'small.md').read_text()
    assert Path(second).name in card and Path(first).name not in card and 'epoch 3, iter 30' in card
    assert card.startswith('# small\n') and f'| 2 | {features.region_parts.names()[2] or "none"} |' in card


def test_weights_without_a_card_are_not_shipped(folder, monkeypatch, tmp_path, capsys):
    assert ship(monkeypatch, tmp_path / 'epoch_3.pth', 'other', '--folder', folder) == 1
    assert 'no model card' in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ['small.md']


def test_a_changed_file_is_refused_and_a_near_miss_is_named(folder, monkeypatch, tmp_path):
    ship(monkeypatch, tmp_path / 'epoch_3.pth', 'small', '--folder', folder)
    with pytest.raises(FileNotFoundError, match='no checkpoint smal; did you mean small'):
        find_checkpoint('smal', folder)
    path = shipped_weights(folder)['small']
    path.write_bytes(path.read_bytes()[:-1] + b'!')
    with pytest.raises(ValueError, match='is damaged'):
        find_checkpoint('small', folder)


def test_a_file_of_that_name_comes_first(folder, monkeypatch, tmp_path):
    ship(monkeypatch, tmp_path / 'epoch_3.pth', 'small', '--folder', folder)
    shutil.copy(tmp_path / 'epoch_3.pth', tmp_path / 'small')
    monkeypatch.chdir(tmp_path)
    assert find_checkpoint('small', folder) == 'small'


@pytest.mark.parametrize('ending', ['safetensors', 'pth'])
@pytest.mark.parametrize('half', [True, False])
def test_an_encoder_gives_what_the_whole_model_gives(tmp_path, ending, half):
    whole = save(fra(NARROW, 64), tmp_path / 'epoch_3.pth', NARROW, 64)
    out = str(tmp_path / f'encoder.{ending}')
    export_encoder(whole, out, half=half)
    assert Path(out).stat().st_size < Path(whole).stat().st_size * (0.35 if half else 0.6)
    face = [drawn_face()]
    expected, found = FRAFeatures(whole, device='cpu')(face), FRAFeatures(out, device='cpu')(face)
    for name in ('embedding', 'feature_map', 'heatmaps'):
        assert np.abs(found[name] - expected[name]).max() <= (5e-3 * np.abs(expected[name]).max() if half else 0)


def test_what_has_no_encoder_is_refused(tmp_path):
    torch.save(dict(state_dict={'backbone.conv1.weight': torch.zeros(1)}), tmp_path / 'backbone.pth')
    with pytest.raises(ValueError, match='has no neck of FRA'):
        export_encoder(str(tmp_path / 'backbone.pth'), str(tmp_path / 'out.pth'))
    model = fra(NARROW, 64)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'bare.pth')
    with pytest.raises(ValueError, match='carries no config'):
        export_encoder(str(tmp_path / 'bare.pth'), str(tmp_path / 'out.pth'))
    with pytest.raises(ValueError, match='bare.pth is the checkpoint itself'):
        export_encoder(str(tmp_path / 'bare.pth'), str(tmp_path / 'bare.pth'))


def test_the_drawn_face_is_the_same_everywhere():
    face = drawn_face()
    assert face.shape == (96, 96, 3) and face.dtype == np.uint8
    assert face.astype(int).sum() == 3629910
