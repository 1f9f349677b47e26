"""The numbers on docs/scale.md that follow from the shipped config."""

import re
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS

REPO = Path(__file__).resolve().parent.parent
PAGE = (REPO / 'docs/scale.md').read_text()


@pytest.fixture(scope='module')
def cfg():
    return Config.fromfile(REPO / 'configs/fra/fra_r50_8xb64.py')


def rows(first_cell: str) -> list:
    """The cells of the rows that begin with this."""
    return [[cell.strip() for cell in line.split('|')[1:-1]] for line in re.findall(rf'^\| {first_cell}.*', PAGE, re.M)]


def test_traffic_and_checkpoints_are_those_of_the_model(cfg):
    init_default_scope(cfg.default_scope)
    model = MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor))
    trained = sum(value.numel() for value in model.parameters() if value.requires_grad)
    state = sum(value.numel() * value.element_size() for value in model.state_dict().values())
    gradient = 4 * trained / 1e6
    assert f'{trained / 1e6:.1f} million parameters, {gradient:.0f} MB' in PAGE
    assert f'weights and buffers, {state / 1e6:.0f} MB' in PAGE
    assert f'{state / 1e6 + gradient:.0f} MB each' in PAGE  # LARS keeps one number a parameter
    (sent,) = rows('sent by each GPU')
    assert sent[2:5] == [f'{2 * (n - 1) / n * gradient:.0f} MB' for n in (8, 64, 512)]


def test_shared_memory_is_that_of_the_loader(cfg):
    loader, size = cfg.train_dataloader, cfg.view[0].scale
    batch = loader.batch_size * 2 * 3 * size * size / 1e6
    batches = 2 * loader.num_workers + 1  # torch's prefetch_factor is 2
    (row,) = rows('`/dev/shm`')
    assert row[1:3] == [f'{batches * batch / 1e3:.2f} GB', f'{8 * batches * batch / 1e3:.1f} GB']
    assert f'{batches} batches of {batch:.1f} MB' in row[3]
    small = Config.fromfile(REPO / 'configs/fra/fra_r50_8xb64_ms1mv3.py').view[0].scale
    assert f'a batch has {batch * (small / size) ** 2:.1f} MB' in PAGE


def test_learning_rates_and_momenta_follow_the_rules(cfg):
    table = rows(r'\d+ x \d+')
    assert len(table) == 6
    for layout, batch, lr, momentum, _ in table:
        gpus, images, *accumulated = map(int, re.findall(r'\d+', layout))
        total = gpus * images * (accumulated or [1])[0]
        factor = total / cfg.auto_scale_lr.base_batch_size
        assert int(batch.replace(',', '')) == total
        assert float(lr) == pytest.approx(factor * cfg.optim_wrapper.optimizer.lr)
        assert float(momentum) == pytest.approx(1 - (1 - cfg.model.base_momentum) ** factor, abs=5e-4)
