"""A config's batch is the one in its file's name, and its learning rate belongs to that batch."""

import re
from pathlib import Path

import pytest
from mmengine.config import Config

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
NAMES = sorted(
    str(path.relative_to(CONFIGS))
    for path in CONFIGS.glob('*/**/*.py')
    if '_base_' not in path.parts and re.search(r'\d+xb\d+', path.stem) and '-verify-' not in path.stem
)


@pytest.mark.parametrize('name', NAMES)
def test_auto_scaling_leaves_the_named_batch_as_it_is(name):
    if name.startswith('transfer/landmark'):
        pytest.importorskip('mmpose')
    cfg = Config.fromfile(str(CONFIGS / name))
    processes, batch_size = map(int, re.search(r'(\d+)xb(\d+)', name).groups())
    assert cfg.train_dataloader.batch_size == batch_size
    assert cfg.auto_scale_lr.base_batch_size == processes * batch_size
