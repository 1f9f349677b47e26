"""Views that are finished on the device, in a training: resumed exactly, and the same without data workers."""

import copy
import os

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS, TRANSFORMS
from torch import nn

from fra_plugin.command.config_options import merge_options
from fra_plugin.configs import load_config


class Pixels(BaseModel):
    """Sees every pixel of both views: its loss tells whether they are the same."""

    def __init__(self, seen, **kwargs):
        super().__init__(**kwargs)
        self.weight = nn.Parameter(torch.ones(3, 1, 1))
        self.seen = seen

    def forward(self, inputs, data_samples=None, mode='loss'):
        self.seen.append(torch.stack(inputs))
        return dict(loss=(self.weight * torch.stack(inputs)).square().mean())


@pytest.fixture(scope='module')
def recipe(tmp_path_factory):
    """The shipped recipe with six small faces."""
    folder = tmp_path_factory.mktemp('faces')
    rng = np.random.default_rng(0)
    for i in range(6):
        blob = cv2.resize(rng.integers(0, 256, (5, 5, 3), np.uint8), (40, 40), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f'{i}.png'), blob)
    cfg = load_config('fra_r50_8xb64_on-device')
    cfg.train_dataloader.dataset.update(data_root=str(folder), data_prefix='', cache_dir=str(folder / '.cache'))
    for view in cfg.train_dataloader.dataset.pipeline[1].transforms:
        view[0].scale = 32
    return cfg


def train(recipe, work_dir, name, resume=False, workers=0):
    init_default_scope('mmpretrain')
    seen = []
    loader = dict(recipe.train_dataloader, batch_size=2, num_workers=workers, pin_memory=False)
    Runner(
        Pixels(seen, data_preprocessor=MODELS.build(recipe.data_preprocessor)),
        str(work_dir),
        experiment_name=name,
        train_dataloader=loader,
        train_cfg=dict(type='ReliableTrainLoop', max_epochs=2),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        default_hooks=dict(checkpoint=dict(type='ReliableCheckpointHook', iter_interval=2, max_keep_ckpts=5)),
        randomness=dict(seed=1),
        resume=resume,
        default_scope='mmpretrain',
    ).train()
    return seen


def test_a_resumed_run_sees_the_same_views(recipe, tmp_path):
    whole = train(recipe, tmp_path, 'whole')
    assert len(whole) == 6 and len({view.sum().item() for view in whole}) == 6
    for name in ('epoch_2.pth', 'iter_6.pth', 'last_checkpoint'):
        if os.path.exists(tmp_path / name):
            os.remove(tmp_path / name)
    rest = train(recipe, tmp_path, 'rest', resume=True, workers=2)
    assert 0 < len(rest) < 6
    for one, other in zip(rest, whole[-len(rest) :]):
        assert torch.equal(one, other)


def test_a_seed_gives_the_views_that_the_cpu_would_make(recipe, tmp_path):
    cpu = copy.deepcopy(recipe)
    cpu.train_dataloader.dataset.pipeline[1].on_device = False
    one, other = (train(cfg, tmp_path / name, name) for name, cfg in (('device', recipe), ('cpu', cpu)))
    std = torch.tensor(recipe.data_preprocessor.std).view(3, 1, 1)
    for i, views in enumerate(one):
        apart = [((views - others).abs() * std).mean().item() for others in other]  # in levels of 255
        assert apart[i] < 0.8 and min(apart[:i] + apart[i + 1 :]) > 10


def test_the_recipe_is_the_official_one_but_for_where_the_views_are_made():
    on_device, official = load_config('fra_r50_8xb64_on-device'), load_config('fra_r50_8xb64')
    merge_options(official, {'train_dataloader.dataset.pipeline.1.on_device': 'True'})
    assert on_device.train_dataloader.dataset.pipeline[1].on_device is True
    for name in ('model', 'data_preprocessor', 'train_dataloader', 'optim_wrapper', 'param_scheduler', 'train_cfg'):
        assert on_device[name] == official[name], name


@pytest.mark.parametrize('name', ['fra_r18_1xb64_demo', 'fra_r50_8xb64_ms1mv3', 'byol_r50_8xb64', 'fra_vit-s_8xb64'])
def test_an_option_does_it_for_every_recipe_of_two_views(name):
    init_default_scope('mmpretrain')
    cfg = load_config(name)
    merge_options(cfg, {'train_dataloader.dataset.pipeline.1.on_device': 'True'})
    views, packing = (TRANSFORMS.build(transform) for transform in cfg.train_dataloader.dataset.pipeline[1:])
    image = np.random.default_rng(0).integers(0, 256, (200, 180, 3), np.uint8)
    batch = default_collate([packing(views(dict(img=image))) for _ in range(2)])
    assert batch['photometric'].shape == (2, 2, 11)
    plain = [view.float() for view in batch['inputs']]
    changed = MODELS.build(dict(cfg.data_preprocessor, mean=None, std=None, to_rgb=False))(batch)['inputs']
    assert all((one - other).abs().mean() > 1 for one, other in zip(changed, plain))
