"""Every landmark config says what it means, and every method trains and evaluates on every data set."""

import argparse
import copy
import functools
import json
import math
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

pytest.importorskip('mmpose')

from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DATASETS, DefaultScope
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import MODELS

from fra_plugin.command import add_config_options, merge_options
from fra_plugin.datasets.landmarks.landmark_json import LandmarkJson

REPO = Path(__file__).resolve().parents[2]
CONFIGS = REPO / 'configs' / 'transfer' / 'landmark'
IMAGENET = re.compile(r'model\.backbone\.init_cfg\.checkpoint=torchvision://resnet50[^`]*')
ALL = sorted(path.name for path in CONFIGS.glob('*-256x256*.py'))
SMALL = sorted(path.name for path in CONFIGS.glob('*-96x96.py'))
FROM_FRA = [name for name in ALL if name.endswith('-256x256.py')]
DATA = {  # in the config's name: points, folder and file of the samples, main number
    'wflw': (98, 'wflw', 'test_wflw.json', 'NME_interocular'),
    '300w': (68, '300w', 'test_300w.json', 'NME_interpupil'),
    'cofw': (29, 'cofw', 'test_cofw.json', 'NME_interpupil'),
    'aflw': (19, 'aflw', 'test_aflw.json', 'NME_box_diagonal'),
    'coco-wholebody-face': (68, 'coco', 'test_coco_wholebody.json', 'NME_interocular'),
    'lapa': (106, 'lapa', 'test_lapa.json', 'NME_interocular'),
}


def data_of(name):
    return next(DATA[key] for key in DATA if f'e_{key}-256x256' in name)


@functools.lru_cache(maxsize=None)
def parsed(name):
    return Config.fromfile(CONFIGS / name)


def read(name):
    return copy.deepcopy(parsed(name))


@pytest.fixture(autouse=True)
def own_scope(monkeypatch):
    """A Runner leaves its scope, log and message hub behind; the next test gets the former ones back."""
    monkeypatch.setattr(Config, 'pretty_text', '')  # formatting the config for the log takes longer than the training
    kinds = (DefaultScope, MMLogger, MessageHub, Visualizer)
    before = [kind._instance_dict.copy() for kind in kinds]
    yield
    for kind, instances in zip(kinds, before):
        kind._instance_dict.clear()
        kind._instance_dict.update(instances)


def made_faces(folder, num_points, coco=False, count=2):
    """Images of noise with random landmarks, in mmpose's json."""
    rng = np.random.default_rng(0)
    faces = LandmarkJson()
    for index in range(count):
        cv2.imwrite(str(folder / f'{index}.png'), rng.integers(0, 256, (96, 96, 3), dtype=np.uint8))
        faces.add(f'{index}.png', (96, 96), rng.uniform(10, 80, (num_points, 2)), box_size=80.0, subsets=['full'])
    faces.write(str(folder / 'faces.json'))
    if coco:
        content = json.loads((folder / 'faces.json').read_text())
        for face in content['annotations']:
            face.update(face_kpts=face['keypoints'], face_box=face['bbox'], face_valid=True)
        (folder / 'faces.json').write_text(json.dumps(content))
    return folder, 'faces.json'


def shrink(cfg, folder, ann_file, work_dir):
    """The config on a few faces, with a thin ResNet-18 of random weights: its own pipelines, head, loss and metric."""
    cfg.merge_from_dict(
        dict(
            work_dir=str(work_dir),
            default_hooks=dict(checkpoint=None, logger=dict(interval=1)),
            train_cfg=dict(max_epochs=1, val_interval=2),
            model=dict(backbone=dict(depth=18, base_channels=8), head=dict(in_channels=64)),
        )
    )
    cfg.model.backbone.init_cfg = cfg.random_init.backbone.init_cfg
    if cfg.model.head.type != 'RLEHead':
        cfg.model.head.deconv_out_channels = (8, 8, 8)
    for name in ('train', 'val', 'test'):
        loader = cfg[f'{name}_dataloader']
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        loader.dataset.update(data_root=str(folder), ann_file=ann_file, data_prefix=dict(img=''))
    return cfg


def train(cfg):
    runner = Runner.from_cfg(cfg)
    before = runner.model.backbone.conv1.weight.detach().clone()
    runner.train()
    assert not torch.equal(before, runner.model.backbone.conv1.weight)
    return runner.val_loop.run()


def test_there_are_configs_of_all_data_sets_and_methods():
    assert len(FROM_FRA) == 14 and {data_of(name) for name in ALL} == set(DATA.values())
    for name in FROM_FRA:
        if 'reg_' not in name and ('_wflw-' in name or '_300w-' in name):
            assert {name[:-3] + '-in1k.py', name[:-3] + '-scratch.py'} <= set(ALL)


def with_options(name, *options):
    parser = argparse.ArgumentParser()
    add_config_options(parser)
    cfg = read(name)
    merge_options(cfg, parser.parse_args(['--cfg-options', *options]).cfg_options)
    return cfg


@pytest.mark.parametrize('name', [name for name in FROM_FRA if name[:-3] + '-in1k.py' in ALL])
def test_options_make_the_imagenet_variant(name):
    options = IMAGENET.search((REPO / 'docs/transfer.md').read_text())[0].replace('\\', '').split()
    assert with_options(name, *options).model == read(name[:-3] + '-in1k.py').model


@pytest.mark.parametrize('name', FROM_FRA)
def test_an_option_starts_from_random_weights(name):
    cfg = with_options(name, 'model.backbone.init_cfg=None')
    assert cfg.model.backbone.init_cfg is None and cfg.model.head == read(name).model.head


def test_base_names_are_unique_in_the_project():
    names = [path.name for path in CONFIGS.parents[1].rglob('*.py') if '_base_' not in path.parts]
    assert set(ALL) <= set(names) and all(names.count(name) == 1 for name in ALL)


@pytest.mark.parametrize('name', ALL)
def test_a_config_is_complete(name):
    cfg = read(name)
    num_points, _, _, main_number = data_of(name)
    assert cfg.default_scope == 'mmpose' and cfg.custom_imports.imports == ['fra_plugin', 'fra_plugin.landmark']
    # MMPoseInferencer fails at a collate_fn of a config; mmengine's is the one that mmpose expects.
    assert not any('collate_fn' in cfg[f'{part}_dataloader'] for part in ('train', 'val', 'test'))
    assert cfg.data_mode == 'topdown' and DATASETS.get(f'mmpose.{cfg.dataset_type}')  # it asks for both
    head = cfg.model.head
    assert head.get('out_channels', head.get('num_joints')) == num_points
    evaluators = cfg.val_evaluator if isinstance(cfg.val_evaluator, list) else [cfg.val_evaluator]
    norms = [evaluator.norm for evaluator in evaluators]
    assert {evaluator.type for evaluator in evaluators} == {'FaceAlignmentMetric'}
    assert cfg.default_hooks.checkpoint.save_best == f'NME_{norms[0]}' and main_number[4:] in norms
    pipeline, dataset = cfg.val_dataloader.dataset.pipeline, cfg.train_dataloader.dataset
    while 'dataset' in dataset:
        dataset = dataset.dataset
    # Images are cut out for training as for testing, and as the codec counts pixels.
    crops = [step for steps in (dataset.pipeline, pipeline) for step in steps if step.type == 'TopdownAffine']
    assert [step.get('use_udp', False) for step in crops] == [head.decoder.type == 'UDPHeatmap'] * 2
    assert [step.encoder for step in dataset.pipeline if step.type == 'GenerateTarget'] == [head.decoder]


@pytest.mark.parametrize('name', ALL)
def test_weights_come_with_their_pixel_statistics(name):
    model = read(name).model
    if '-scratch' in name:
        assert model.backbone.init_cfg[0].type == 'Kaiming'
    else:
        imagenet = '-in1k' in name
        checkpoint = 'torchvision://resnet50' if imagenet else 'work_dirs/fra_r50_8xb64/epoch_50.pth'
        assert model.backbone.init_cfg == dict(type='PretrainedBackbone', checkpoint=checkpoint)
        assert model.data_preprocessor.mean[0] == (123.675 if imagenet else 133.39)


@pytest.mark.parametrize('name', FROM_FRA)
def test_trains_and_evaluates_on_made_faces(name, tmp_path):
    num_points, _, _, main_number = data_of(name)
    faces = made_faces(tmp_path, num_points, coco='coco' in name)
    metrics = train(shrink(read(name), *faces, tmp_path / 'work'))
    assert math.isfinite(metrics[main_number])
    if '300w' in name or 'wflw' in name:
        assert metrics[f'full/{main_number}'] == metrics[main_number]


@pytest.mark.parametrize('name', SMALL)
def test_small_config_trains_from_the_shipped_weights(name, tmp_path):
    cfg = read(name)
    folder, ann_file = made_faces(tmp_path, cfg.model.head.out_channels, count=20)
    for part in ('train', 'val', 'test'):
        loader = cfg[f'{part}_dataloader']
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        dataset = loader.dataset
        while 'dataset' in dataset:
            dataset = dataset.dataset
        dataset.update(data_root=str(folder), ann_file=ann_file, data_prefix=dict(img=''))
    best = cfg.default_hooks.checkpoint.save_best
    cfg.update(work_dir=str(tmp_path / 'work'), param_scheduler=[])
    cfg.train_cfg.update(max_epochs=1, val_interval=2)
    cfg.default_hooks.checkpoint = None
    runner = Runner.from_cfg(cfg)
    runner.model.init_weights()
    before = {key: value.detach().clone() for key, value in runner.model.named_parameters()}
    runner.train()
    assert not [key for key, value in runner.model.named_parameters() if torch.equal(value, before[key])]
    assert math.isfinite(runner.val_loop.run()[best])


def points_of(cfg):
    """Number of the head's outputs, and the flipped points of each part of the data."""
    parts = [cfg[f'{part}_dataloader'].dataset.metainfo for part in ('train', 'val', 'test')]
    return cfg.model.head.out_channels, [parse_pose_metainfo(part)['flip_indices'] for part in parts]


def test_landmarks_of_ones_own_are_swapped_in_a_mirrored_face(tmp_path):
    assert points_of(read('td-hm_r18_udp-1xb32-60e_facelandmarks-96x96.py')) == (5, [[1, 0, 2, 4, 3]] * 3)
    page = (REPO / 'docs/data.md').read_text()
    (tmp_path / 'own.py').write_text(re.search(r'```python\n(# my_landmarks\.py\n.*?)```', page, re.DOTALL)[1])
    assert points_of(Config.fromfile(tmp_path / 'own.py')) == (4, [[1, 0, 2, 3]] * 3)


@pytest.mark.parametrize('name', [name for name in FROM_FRA if 'udp' in name])
def test_trains_and_evaluates_on_mmposes_samples(name, tmp_path, real_data):
    _, folder, ann_file, main_number = data_of(name)
    metrics = train(shrink(read(name), real_data / 'mmpose_face_samples' / folder, ann_file, tmp_path / 'work'))
    assert math.isfinite(metrics[main_number])


def test_a_tenth_of_the_labels_is_a_tenth_of_the_faces_as_many_times(tmp_path):
    name = next(name for name in ALL if name.endswith('-10pct.py') and 'wflw' in name)
    cfg = read(name)
    folder, ann_file = made_faces(tmp_path, 98, count=20)
    data = cfg.train_dataloader.dataset
    data.min_length = 20
    data.dataset.update(data_root=str(folder), ann_file=ann_file, data_prefix=dict(img=''), pipeline=[])
    with DefaultScope.overwrite_default_scope('mmpose'):
        built = DATASETS.build(data)
        built.full_init()
    seen = [built.get_data_info(i)['id'] for i in range(len(built))]
    assert len(seen) == 20 and len(set(seen)) == 2 and seen.count(seen[0]) == 10


def test_starts_from_a_pre_trained_backbone(tmp_path):
    cfg = read('td-hm_res50_udp-8xb64-60e_wflw-256x256.py')
    cfg.merge_from_dict(
        dict(
            model=dict(
                backbone=dict(depth=18, base_channels=8, init_cfg=dict(checkpoint=str(tmp_path / 'fra.pth'))),
                head=dict(in_channels=64),
            )
        )
    )
    with DefaultScope.overwrite_default_scope('mmpose'):
        model = MODELS.build(cfg.model)
        state = {
            f'backbone.{key}': torch.rand_like(value) if value.is_floating_point() else value
            for key, value in model.backbone.state_dict().items()
        }
        torch.save(dict(state_dict=state), tmp_path / 'fra.pth')
        model.init_weights()
        for key, value in model.backbone.state_dict().items():
            torch.testing.assert_close(value, state[f'backbone.{key}'])
        state.pop('backbone.layer2.0.conv1.weight')
        torch.save(dict(state_dict=state), tmp_path / 'fra.pth')
        with pytest.raises(ValueError, match='layer2.0.conv1.weight'):
            MODELS.build(cfg.model).init_weights()


@pytest.mark.parametrize('name', FROM_FRA)
def test_landmarks_are_as_many_as_in_mmposes_data_set(name):
    cfg = read(name)
    kind = DATASETS.get(f'mmpose.{cfg.val_dataloader.dataset.type}')
    assert len(parse_pose_metainfo(kind.METAINFO)['flip_indices']) == data_of(name)[0]
