"""Every pre-training config is complete, builds and takes a step."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.registry import HOOKS, MODELS
from mmpretrain.structures import DataSample
from narrow_heads import NARROW

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
NAMES = sorted(
    str(path.relative_to(CONFIGS)) for folder in ('fra', 'baselines') for path in (CONFIGS / folder).glob('*.py')
)


@pytest.mark.parametrize('name', NAMES)
def test_config_takes_a_step(name):
    torch.manual_seed(0)
    cfg = Config.fromfile(str(CONFIGS / name))
    init_default_scope(cfg.default_scope)
    cfg.merge_from_dict(dict(model=NARROW[cfg.model.type]))
    model = MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor)).train()
    cfg.optim_wrapper.type = 'OptimWrapper'  # mixed precision needs a GPU
    cfg.optim_wrapper.pop('loss_scale', None)
    optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)

    size = cfg.view[0].scale
    views = [torch.randint(0, 256, (2, 3, size, size), dtype=torch.uint8) for _ in range(2)]
    samples = [DataSample(metainfo=dict(view_boxes=[(0, 0, 9, 9), (8, 0, -8, 9)])) for _ in range(2)]
    before = {key: value.detach().clone() for key, value in model.named_parameters() if value.requires_grad}
    if cfg.model.type == 'MAE':
        views = views[0]
    for _ in range(cfg.optim_wrapper.get('accumulative_counts', 1)):
        log = model.train_step(dict(inputs=views, data_samples=samples), optim_wrapper)
    assert torch.stack([value for key, value in log.items() if 'loss' in key]).isfinite().all()
    still = {key for key, value in before.items() if torch.equal(model.get_parameter(key), value)}
    # The first norm layer of the decoder gets zeros: its queries start at 0 and so does its bias.
    assert still <= {'neck.heatmap_head.layers.0.norms.0.weight'} and len(before) > 50


@pytest.mark.parametrize('name', [name for name in NAMES if 'r50' in name])
def test_the_map_of_a_resnet_50_has_room_for_regions(name):
    cfg = Config.fromfile(str(CONFIGS / name))
    init_default_scope(cfg.default_scope)
    backbone = MODELS.build(dict(cfg.model.backbone, stem_channels=8, base_channels=8, norm_cfg=dict(type='BN')))
    with torch.no_grad():
        assert backbone(torch.zeros(1, 3, cfg.view[0].scale, cfg.view[0].scale))[-1].shape[2:] == (7, 7)


def test_the_aligned_faces_have_the_official_recipe_at_half_the_size():
    aligned, official = (Config.fromfile(str(CONFIGS / f'fra/fra_r50_8xb64{data}.py')) for data in ('_ms1mv3', ''))
    assert aligned.view[0].scale * 2 == official.view[0].scale == 224
    assert aligned.view[1:] == official.view[1:]
    for name in ('optim_wrapper', 'param_scheduler', 'train_cfg', 'auto_scale_lr', 'data_preprocessor'):
        assert aligned[name] == official[name], name
    blurs = [[view[-2 if view[-1].type == 'FastSolarize' else -1] for view in (cfg.first_view, cfg.second_view)]
             for cfg in (aligned, official)]  # yapf: disable
    assert [blur.prob for blur in blurs[0]] == [blur.prob for blur in blurs[1]] == [1.0, 0.1]


@pytest.mark.parametrize('name', NAMES)
def test_config_names_what_a_run_needs(name):
    cfg = Config.fromfile(str(CONFIGS / name))
    init_default_scope(cfg.default_scope)
    hooks = [HOOKS.build(hook) for hook in cfg.custom_hooks]
    assert any(type(hook).__name__ == 'MomentumUpdateHook' for hook in hooks) == (cfg.model.type == 'FRA')
    # Fast on GPUs: layout, convolutions, and norm layers and copies that the host does not wait for.
    assert [hook.type for hook in cfg.custom_hooks].count('ChannelsLastHook') == 1 and cfg.env_cfg.cudnn_benchmark
    assert cfg.data_preprocessor.type == 'ViewPreprocessor' and "'SyncBN'" not in str(cfg.model)
    assert cfg.train_dataloader.collate_fn and cfg.train_dataloader.drop_last
    assert cfg.default_hooks.checkpoint.max_keep_ckpts > 0


@pytest.mark.parametrize('name', [name for name in NAMES if name.startswith('baselines/') and '_r18_' in name])
def test_baselines_have_the_data_schedule_and_network_of_fra(name):
    """Only the model differs, and the hooks that are for FRA alone."""
    cfg, fra = (Config.fromfile(str(CONFIGS / path)) for path in (name, 'fra/fra_r18_1xb64_demo.py'))
    same = ('data_preprocessor', 'train_dataloader', 'optim_wrapper', 'param_scheduler', 'train_cfg', 'default_hooks')
    for key in same:
        assert cfg[key] == fra[key], key
    assert cfg.model.backbone == fra.model.backbone
    hooks = [
        hook['type'] for hook in fra.custom_hooks if hook['type'] not in ('MomentumUpdateHook', 'RegionHeatmapHook')
    ]
    assert [hook['type'] for hook in cfg.custom_hooks] == hooks


def test_the_small_recipe_for_own_faces_differs_in_data_and_epochs_and_resumes():
    own, demo = (Config.fromfile(str(CONFIGS / f'fra/fra_r18_1xb64_{name}.py')) for name in ('myfaces', 'demo'))
    dataset = own.train_dataloader.dataset
    assert (dataset.data_root, dataset.data_prefix, dataset.ann_file) == ('data/my_faces', '', '')
    own.train_dataloader.dataset = demo.train_dataloader.dataset
    own.train_cfg.max_epochs = demo.train_cfg.max_epochs
    assert own.resume and not demo.resume
    own.resume = demo.resume
    assert own.to_dict() == demo.to_dict()


def test_mae_sees_one_view_of_the_same_data():
    mae, fra = (
        Config.fromfile(str(CONFIGS / path)) for path in ('baselines/mae_vit-s_8xb64.py', 'fra/fra_vit-s_8xb64.py')
    )
    dataset, other = (cfg.train_dataloader.dataset for cfg in (mae, fra))
    steps = [step.type for step in dataset.pipeline]
    assert steps == ['LoadFace', 'FastRandomResizedCrop', 'FastRandomFlip', 'FastPackInputs']
    assert dict(dataset, pipeline=0) == dict(other, pipeline=0) and mae.param_scheduler == fra.param_scheduler
    assert mae.optim_wrapper.optimizer.lr == 1.5e-4 * 8 * 64 / 256 == fra.optim_wrapper.optimizer.lr


def test_the_main_config_is_the_official_recipe():
    cfg = Config.fromfile(str(CONFIGS / 'fra/fra_r50_8xb64.py'))
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.lr, optimizer.momentum, optimizer.weight_decay) == (0.9, 0.9, 1e-6)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert (cfg.train_cfg.max_epochs, cfg.train_dataloader.batch_size, cfg.auto_scale_lr.base_batch_size) == (
        50,
        64,
        512,
    )
    warmup, cosine = cfg.param_scheduler
    assert (warmup.type, warmup.end) == ('LinearLR', 10)
    # Without an end: to the last epoch, see test_schedules.py.
    assert (cosine.type, cosine.begin, cosine.get('end'), cosine.get('eta_min', 0)) == (
        'CosineAnnealingLR',
        10,
        None,
        0,
    )
    accumulating = Config.fromfile(str(CONFIGS / 'fra/fra_r50_4xb64-accum2.py'))
    assert accumulating.train_dataloader.batch_size * 4 * accumulating.optim_wrapper.accumulative_counts == 512
