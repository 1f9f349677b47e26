"""Every face parsing config trains and evaluates on tiny data in the official layout, from pre-trained weights."""

from pathlib import Path

import face_layouts
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS, MODELS

import fra_plugin  # noqa: F401
from fra_plugin.engine.runners.fit_to_machine import fit_to_machine

FOLDER = Path(__file__).resolve().parents[2] / 'configs/transfer/parsing'
CONFIGS = sorted(path.stem for path in FOLDER.glob('*.py'))
LAYOUTS = dict(
    lapa=face_layouts.lapa,
    celebamask=lambda root: face_layouts.celeba_mask_hq(root, (0, 1, 2, 3, 170000, 170001, 190000, 190001)),
    synthetic=face_layouts.synthetic_regions,
)


@pytest.fixture(autouse=True)
def no_pretty_configs(monkeypatch):
    """A Runner formats its config six times, which takes longer than all the rest."""
    monkeypatch.setattr(Config, 'pretty_text', property(lambda cfg: ''))


def prepare(name, tmp_path):
    data = name.rsplit('fra_', 1)[1].split('-')[0]
    LAYOUTS[data](tmp_path / data)
    cfg = Config.fromfile(FOLDER / f'{name}.py')
    assert cfg.custom_imports['imports'] == ['fra_plugin'] and cfg.default_scope == 'mmpretrain'
    backbone = cfg.model.backbone
    if backbone.depth == 50:
        backbone.update(stem_channels=4, base_channels=4)
        cfg.model.head.in_channels = [16, 32, 64, 128]
        weights = MODELS.build(dict(backbone, init_cfg=None)).state_dict()
        torch.save({f'backbone.{key}': value + 0.01 for key, value in weights.items()}, tmp_path / 'weights.pth')
        backbone.init_cfg.checkpoint = str(tmp_path / 'weights.pth')
    for split in ('train', 'val', 'test'):
        loader = cfg[f'{split}_dataloader']
        loader.update(num_workers=0, persistent_workers=False, batch_size=2)
        loader.dataset.data_root = str(tmp_path / data)
        loader.dataset.pipeline[2].scale = (32, 32)
    cfg.update(work_dir=str(tmp_path / 'work'), launcher='none', param_scheduler=[], randomness=dict(seed=0))
    cfg.experiment_name = f'{tmp_path.name}-{name}'
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.default_hooks.checkpoint = None
    fit_to_machine(cfg)
    return cfg


@pytest.mark.parametrize('name', CONFIGS)
def test_config_trains_and_evaluates(name, tmp_path):
    runner = Runner.from_cfg(prepare(name, tmp_path))
    runner.train()
    scalars = {key: runner.message_hub.get_scalar(key).current() for key in runner.message_hub.log_scalars}
    assert np.isfinite(scalars['train/loss']) and 0 <= scalars['train/pixel_accuracy'] <= 100
    assert 0 <= scalars['val/parsing/mIoU'] <= 100 and 'val/parsing/F1/nose' in scalars
    assert all(torch.isfinite(value).all() for value in runner.model.state_dict().values())


@pytest.mark.parametrize('name', CONFIGS)
def test_a_flip_swaps_left_and_right(name, tmp_path):
    """All pairs that are named left and right, and no others."""
    cfg = prepare(name, tmp_path)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    names, flip = dataset.metainfo['classes'], dataset.pipeline.transforms[3]
    pairs = {frozenset(names[number] for number in pair) for pair in flip.swap_seg_labels}
    lefts = [name for name in names if name.startswith(('left_', 'l_')) and name != 'l_lip']
    assert pairs == {frozenset([name, name.replace('left_', 'right_').replace('l_', 'r_')]) for name in lefts}
    labels = np.arange(len(names), dtype=np.uint8)[None]
    flipped = flip._flip_seg_map(labels, 'horizontal')[0, ::-1]
    for number, other in enumerate(flipped):
        assert number == other or frozenset([names[number], names[other]]) in pairs


def test_the_head_must_have_the_classes_of_the_data(tmp_path):
    cfg = prepare('resnet50_1xb16-parse-fra_lapa', tmp_path)
    cfg.model.head.num_classes = 9
    with pytest.raises(ValueError, match='model.head.num_classes=9, but the training data has 11: background, skin'):
        Runner.from_cfg(cfg).train()


def test_the_head_learns_the_place_of_a_part():
    """Two stages of a map that shows the parts: after some steps the prediction is the truth."""
    torch.manual_seed(0)
    head = MODELS.build(dict(type='ParsingHead', num_classes=3, in_channels=[3, 5], hid_channels=16, dropout=0.0))
    from mmpretrain.structures import DataSample

    labels = torch.randint(0, 3, (4, 8, 8)).repeat_interleave(4, 1).repeat_interleave(4, 2)
    fine = torch.nn.functional.one_hot(labels[:, ::2, ::2], 3).permute(0, 3, 1, 2).float()
    feats = (fine, torch.randn(4, 5, 8, 8))
    samples = [DataSample(metainfo=dict(img_shape=(32, 32))) for _ in labels]
    for sample, label in zip(samples, labels.numpy().astype(np.uint8)):
        sample.set_field(label, 'gt_seg_map')
    optimizer = torch.optim.Adam(head.parameters(), lr=0.02)
    first = None
    for _ in range(60):
        losses = head.loss(feats, samples)
        first = losses['loss'].item() if first is None else first
        optimizer.zero_grad()
        losses['loss'].backward()
        assert all(param.grad.isfinite().all() for param in head.parameters())
        optimizer.step()
    assert losses['loss'].item() < 0.3 * first
    head.eval()
    with torch.no_grad():
        predicted = torch.stack([sample.pred_seg_map for sample in head.predict(feats, samples)])
    assert predicted.shape == (4, 32, 32) and (predicted == labels).float().mean() > 0.85


def test_a_head_that_cannot_work_is_refused():
    with pytest.raises(ValueError, match='num_classes must be at least 2'):
        MODELS.build(dict(type='ParsingHead', num_classes=1, in_channels=[3]))
    head = MODELS.build(dict(type='ParsingHead', num_classes=2, in_channels=[3, 3]))
    with pytest.raises(ValueError, match='in_channels names 2 maps, but the backbone gives 1: see its out_indices'):
        head((torch.zeros(1, 3, 4, 4),))
