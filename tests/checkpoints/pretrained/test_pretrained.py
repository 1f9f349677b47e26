"""Weights that travel: a folder or the hub gives back the same model, crop and card; what is damaged is refused."""

import json
import os
import shutil
import sys

import numpy as np
import pytest
import torch
import yaml
from hub_on_localhost import TOKEN, hub_on_localhost
from made_checkpoints import NARROW, fra, fra_config, save
from mmengine.config import Config
from mmpretrain.registry import MODELS

from fra_plugin.apis import FRAFeatures
from fra_plugin.checkpoints.export import export_backbone
from fra_plugin.checkpoints.fingerprint import drawn_face
from fra_plugin.checkpoints.pretrained.hub_card import HEADER
from fra_plugin.checkpoints.shipped_weights import find_checkpoint
from fra_plugin.evaluation.regions.region_names import RegionParts
from fra_plugin.files.file_hash import sha256

OUTPUTS = ('embedding', 'feature_map', 'heatmaps')


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    return save(fra(NARROW, 64), tmp_path_factory.mktemp('run') / 'epoch_3.pth', NARROW, 64)


@pytest.fixture(scope='module')
def features(checkpoint):
    return FRAFeatures(checkpoint, device='cpu', size=48)


@pytest.fixture
def folder(features, tmp_path):
    features.save_pretrained(tmp_path / 'fra_small')
    return tmp_path / 'fra_small'


def header(card):
    return yaml.safe_load(HEADER.match(card).group(1))


def same(one, other):
    face = [drawn_face(), drawn_face()[::-1]]
    for name, values in one(face).items():
        np.testing.assert_array_equal(other(face)[name], values)


def test_a_folder_gives_the_same_model_and_crop(features, folder, checkpoint):
    assert sorted(path.name for path in folder.iterdir()) == ['README.md', 'config.json', 'model.safetensors']
    again = FRAFeatures.from_pretrained(folder, device='cpu')
    assert again.crop.settings() == features.crop.settings() == dict(size=48, margin=0.3, align='none')
    same(features, again)
    same(features, FRAFeatures(folder, device='cpu'))  # so every command takes it
    assert (folder / 'model.safetensors').stat().st_size < os.path.getsize(checkpoint) * 0.6
    config = json.loads((folder / 'config.json').read_text())
    assert config['preprocessing'] == dict(
        channel_order='RGB', value_range=[0, 255], mean=[133.39, 103.12, 88.97], std=[64.67, 55.95, 52.79]
    )
    assert config['origin']['source'] == 'epoch_3.pth' and config['origin']['epoch'] == 3


def test_a_folder_starts_a_backbone_as_its_checkpoint_does(folder, checkpoint, tmp_path):
    def backbone(source):
        init_cfg = dict(type='PretrainedBackbone', checkpoint=str(source))
        network = MODELS.build(dict(NARROW, init_cfg=init_cfg))
        network.init_weights()
        return network.state_dict()

    expected = backbone(checkpoint)
    assert all(tensor.equal(expected[name]) for name, tensor in backbone(folder).items())
    (tmp_path / 'other').mkdir()
    with pytest.raises(FileNotFoundError, match='other is a folder without model.safetensors'):
        backbone(tmp_path / 'other')


def test_the_names_of_regions_travel_with_the_weights(features, tmp_path, monkeypatch):
    names = RegionParts(('nose', 'mouth'), np.array([[1, 0.25], [0, 0.75], [0, 0]]), 'made for this')
    monkeypatch.setattr(features, 'region_parts', names)
    features.save_pretrained(tmp_path)
    again = FRAFeatures.from_pretrained(tmp_path, device='cpu')
    assert again.region_parts.names() == names.names() == ['nose 0.80', 'mouth 1.00', '']
    assert again.region_parts.weights == sha256(tmp_path / 'model.safetensors')


def test_the_crop_of_the_config_is_kept(folder):
    config = json.loads((folder / 'config.json').read_text())
    config['crop'] = dict(size=64, margin=0.1, align='similarity')
    (folder / 'config.json').write_text(json.dumps(config))
    again = FRAFeatures.from_pretrained(folder, device='cpu')
    assert again.crop.settings() == config['crop']
    again.save_pretrained(folder)
    assert json.loads((folder / 'config.json').read_text())['crop'] == config['crop']


def test_a_backbone_travels_too(features, checkpoint, tmp_path):
    export_backbone(checkpoint, str(tmp_path / 'backbone.pth'))
    backbone = FRAFeatures(tmp_path / 'backbone.pth', device='cpu')
    backbone.save_pretrained(tmp_path / 'out')
    again = FRAFeatures.from_pretrained(tmp_path / 'out', device='cpu')
    assert again.model is None
    same(backbone, again)


@pytest.mark.parametrize('ending', ['.pth', '.safetensors'])
def test_the_backbone_of_a_folder_is_exported_with_its_config_and_crop(folder, ending, tmp_path):
    config = json.loads((folder / 'config.json').read_text())
    config['crop'] = dict(size=48, margin=0.1, align='similarity')
    (folder / 'config.json').write_text(json.dumps(config))
    out = str(tmp_path / f'backbone{ending}')
    record = export_backbone(str(folder), out)
    assert (record['config'], record['epoch'], record['iter']) == ('fra_r18', 3, 30)
    backbone = FRAFeatures(out, device='cpu')
    assert backbone.crop.settings() == config['crop']
    whole, face = FRAFeatures(folder, device='cpu'), [drawn_face()]
    for name, values in backbone(face).items():
        np.testing.assert_array_equal(whole(face)[name], values)


def test_the_card_tells_origin_crop_and_licence(folder, features):
    card = (folder / 'README.md').read_text()
    assert header(card)['library_name'] == 'fra_plugin' and header(card)['license'] == 'other'
    for text in ('# fra_small', 'epoch 3, iter 30', 'epoch_3.pth', '48 x 48', '## Results', '## Licence'):
        assert text in card
    features.save_pretrained(folder, licence='cc-by-nc-4.0')
    assert header((folder / 'README.md').read_text())['license'] == 'cc-by-nc-4.0'


def test_a_card_that_was_written_by_hand_goes_on(folder, tmp_path):
    card = (folder / 'README.md').read_text().replace('license: other', 'license: mit') + '\nMy own measurements.\n'
    (folder / 'README.md').write_text(card)
    FRAFeatures(folder, device='cpu').save_pretrained(tmp_path / 'copy')
    copy = (tmp_path / 'copy/README.md').read_text()
    assert 'My own measurements.' in copy and header(copy)['license'] == 'mit'


def test_a_checkpoint_that_has_changed_since_it_was_read_is_not_mixed_up_with_what_was_read(
    checkpoint, tmp_path, monkeypatch
):
    monkeypatch.setattr('fra_plugin.apis.DRAWN_FACES', 3)
    best = tmp_path / 'best.pth'
    shutil.copy(checkpoint, best)
    features = FRAFeatures(best, device='cpu')
    torch.save(dict(torch.load(best, weights_only=False), epoch=4), best)
    assert features.name_regions().weights == sha256(checkpoint) != sha256(best)
    with pytest.raises(ValueError, match='best.pth has changed since it was read: read it again$'):
        features.save_pretrained(tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_a_folder_can_be_written_over_again(folder):
    again = FRAFeatures(folder, device='cpu')
    for licence in ('mit', 'cc-by-4.0'):
        config = json.loads((folder / 'config.json').read_text())
        (folder / 'config.json').write_text(json.dumps(dict(config, origin=dict(licence=licence))))
        again.save_pretrained(folder, licence=licence)  # its origin, which is in both files, is another one
        assert header((folder / 'README.md').read_text())['license'] == licence


@pytest.mark.parametrize('name', ['fra_small', '~/fra_small'])
def test_a_relative_path_means_the_folder_that_was_read(folder, name, tmp_path, monkeypatch):
    monkeypatch.setattr('fra_plugin.apis.DRAWN_FACES', 3)
    monkeypatch.setenv('HOME', str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (folder / 'README.md').write_text((folder / 'README.md').read_text() + '\nMy own measurements.\n')
    features = FRAFeatures(name, device='cpu')
    (tmp_path / 'elsewhere').mkdir()
    monkeypatch.chdir(tmp_path / 'elsewhere')
    assert features.name_regions().weights == sha256(folder / 'model.safetensors')
    features.save_pretrained(tmp_path / 'copy')
    assert 'My own measurements.' in (tmp_path / 'copy/README.md').read_text()
    origins = [json.loads((path / 'config.json').read_text())['origin'] for path in (folder, tmp_path / 'copy')]
    assert origins[0] == origins[1] and origins[0]['source'] == 'epoch_3.pth'


@pytest.mark.parametrize(
    'name, licence', [('fra_r18w32_96px', ('other', 'research-only')), ('fra_r18w32_96px_drawn', ('apache-2.0', None))]
)
def test_shipped_weights_travel_with_their_card(tmp_path, name, licence):
    shipped = FRAFeatures(name, device='cpu')
    shipped.save_pretrained(tmp_path / 'out', name='my "faces": 1')
    same(shipped, FRAFeatures.from_pretrained(tmp_path / 'out', device='cpu'))
    card = (tmp_path / 'out/README.md').read_text()
    assert (header(card)['license'], header(card).get('license_name')) == licence
    assert '\n# my "faces": 1\n' in card and '<!-- frozen_features -->' in card and '## Licence and limits' in card
    assert f'{sha256(find_checkpoint(name))}' in card and '- File:' not in card and '.md)' not in card


def test_others_may_read_what_is_saved(features, tmp_path):
    features.save_pretrained(tmp_path / 'out')
    (tmp_path / 'plain').touch()
    modes = {path.stat().st_mode for path in (tmp_path / 'out').iterdir()}
    assert modes == {(tmp_path / 'plain').stat().st_mode}


def test_the_hubs_library_reads_the_card(folder):
    hub = pytest.importorskip('huggingface_hub')
    data = hub.ModelCard.load(folder / 'README.md').data
    assert data.license == 'other' and 'face' in data.tags and data.pipeline_tag == 'image-feature-extraction'


@pytest.fixture
def hub(monkeypatch, tmp_path):
    library = pytest.importorskip('huggingface_hub')
    monkeypatch.setattr(library.constants, 'HF_HUB_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr(library.constants, 'HF_HUB_DISABLE_XET', True)
    for name in ('no_proxy', 'NO_PROXY'):
        monkeypatch.setenv(name, '127.0.0.1')
    with hub_on_localhost() as hub:
        monkeypatch.setenv('HF_ENDPOINT', hub.address)
        yield hub


def test_a_model_goes_to_the_hub_and_comes_back(hub, features):
    address = features.push_to_hub('anna/fra_small', private=True, token=TOKEN)
    assert address.startswith(f'{hub.address}/anna/fra_small/commit/') and hub.private['anna/fra_small']
    assert sorted(hub.repos['anna/fra_small']) == ['README.md', 'config.json', 'model.safetensors']
    assert '# anna/fra_small' in hub.repos['anna/fra_small']['README.md'].decode()
    again = FRAFeatures.from_pretrained('anna/fra_small', device='cpu')
    same(features, again)
    before = len([request for request in hub.requests if 'resolve' in request and request.startswith('GET')])
    FRAFeatures.from_pretrained('anna/fra_small', device='cpu')
    after = len([request for request in hub.requests if 'resolve' in request and request.startswith('GET')])
    assert before == after == 3  # from the cache
    features.push_to_hub('anna/fra_small', token=TOKEN)  # a second version


def test_what_the_hub_does_not_have_or_refuse_is_one_line(hub, features, monkeypatch):
    def error(call, *args, **options):
        with pytest.raises(OSError) as caught:
            call(*args, **options)
        assert '\n' not in str(caught.value)
        return str(caught.value)

    assert 'anna/none could not be fetched from the hub' in error(FRAFeatures.from_pretrained, 'anna/none')
    assert 'anna/fra could not be sent to the hub' in error(features.push_to_hub, 'anna/fra', token='hf_wrong')
    features.push_to_hub('anna/fra', token=TOKEN)
    assert 'v9' in error(FRAFeatures.from_pretrained, 'anna/fra', revision='v9')
    monkeypatch.setenv('HF_ENDPOINT', 'http://127.0.0.1:9')
    assert 'could not be fetched' in error(FRAFeatures.from_pretrained, 'anna/other')


@pytest.mark.parametrize('name', ['../my_frax', './my_frax', 'work_dirs/my_frax'])
def test_a_mistyped_folder_is_not_looked_for_on_the_hub(tmp_path, monkeypatch, name):
    (tmp_path / 'work_dirs').mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, 'huggingface_hub', None)
    with pytest.raises(FileNotFoundError, match=f'^no folder {name} here'):
        FRAFeatures.from_pretrained(name)


def test_a_name_that_may_be_one_of_the_hub_is_told_as_a_folder_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, 'huggingface_hub', None)
    with pytest.raises(
        ImportError, match='^no folder anna/fra here, and the model anna/fra of the Hugging Face hub needs'
    ):
        FRAFeatures.from_pretrained('anna/fra')


def test_a_folder_needs_no_hub(folder, features, monkeypatch):
    monkeypatch.setitem(sys.modules, 'huggingface_hub', None)
    same(features, FRAFeatures.from_pretrained(str(folder), device='cpu'))
    with pytest.raises(ImportError, match='pip install huggingface_hub'):
        FRAFeatures.from_pretrained('anna/fra')
    with pytest.raises(ImportError, match='pip install huggingface_hub'):
        features.push_to_hub('anna/fra')


@pytest.mark.parametrize(
    'change, message',
    [
        (lambda config: config.pop('crop'), "KeyError: 'crop'"),
        (lambda config: config.update(crop=dict(size=0)), 'crop: size must be'),
        (lambda config: config.update(crop=dict(side=3)), "crop: .*'side'"),
        (lambda config: config.update(model=3), 'TypeError'),
        (lambda config: config['model'].pop('type'), 'has no type'),
        (lambda config: config['model'].update(type='os.mkdir'), "the type 'os.mkdir', which is no registered model"),
        (lambda config: config['preprocessing'].update(channel_order='HSV'), 'channel_order RGB or BGR'),
        (lambda config: config['preprocessing'].update(std=[0, 1, 1]), 'none of std 0'),
        (lambda config: config['preprocessing'].update(mean=['a']), 'ValueError'),
        (lambda config: config['model']['neck'].update(hid_channels=32), 'does not fit'),
    ],
)
def test_a_damaged_config_is_refused(folder, change, message):
    config = json.loads((folder / 'config.json').read_text())
    change(config)
    (folder / 'config.json').write_text(json.dumps(config))
    with pytest.raises(ValueError, match=message):
        FRAFeatures.from_pretrained(folder, device='cpu')


def test_what_is_missing_or_cut_short_is_named(folder, features, tmp_path):
    (folder / 'config.json').write_text('[1, 2')
    with pytest.raises(ValueError, match='config.json: expected the json of save_pretrained'):
        FRAFeatures.from_pretrained(folder)
    (folder / 'config.json').unlink()
    with pytest.raises(FileNotFoundError, match='has no config.json'):
        FRAFeatures.from_pretrained(folder)
    with pytest.raises(FileNotFoundError, match='no checkpoint .*none'):
        FRAFeatures.from_pretrained(tmp_path / 'none')
    features.save_pretrained(folder)
    weights = folder / 'model.safetensors'
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ValueError, match='model.safetensors'):
        FRAFeatures.from_pretrained(folder)


def test_nothing_is_half_written(features, folder, tmp_path, monkeypatch):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    weight = features.backbone.conv1.weight.data
    kept = weight.clone()
    weight[0, 0, 0, 0] = float('nan')
    try:
        with pytest.raises(ValueError, match='not finite'):
            features.save_pretrained(folder)
    finally:
        weight.copy_(kept)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    (tmp_path / 'file').write_text('mine')
    with pytest.raises(NotADirectoryError, match='is a file, expected a folder'):
        features.save_pretrained(tmp_path / 'file')
    with pytest.raises(ValueError, match='got an empty name'):
        features.save_pretrained('')
    config = tmp_path / 'config.py'
    pipeline = [dict(type='Resize', scale=64)]
    config.write_text(
        Config(dict(model=fra_config(NARROW, 64), test_dataloader=dict(dataset=dict(pipeline=pipeline)))).pretty_text
    )
    with pytest.raises(ValueError, match='random weights are not saved'):
        FRAFeatures(None, str(config), 'cpu').save_pretrained(tmp_path / 'random')
    assert not (tmp_path / 'random').exists()
