"""A loop that is named twice."""

import pytest
from mmengine.config import Config
from mmengine.runner import EpochBasedTrainLoop

from fra_plugin.engine import ReliableTrainLoop
from fra_plugin.engine.runners.preconditions import settle_train_cfg


@pytest.mark.parametrize('kind', ['ReliableTrainLoop', 'EpochBasedTrainLoop', ReliableTrainLoop, EpochBasedTrainLoop])
def test_by_epoch_beside_a_type_that_counts_epochs_is_no_contradiction(kind):
    cfg = Config(dict(train_cfg=dict(type=kind, by_epoch=True, max_epochs=2)))
    settle_train_cfg(cfg)
    assert cfg.train_cfg == dict(type=kind, max_epochs=2)


@pytest.mark.parametrize('train_cfg', [dict(by_epoch=True, max_epochs=2), dict(type='EpochBasedTrainLoop'), None])
def test_other_configs_stay_as_they_are(train_cfg):
    cfg = Config(dict(train_cfg=train_cfg))
    settle_train_cfg(cfg)
    assert cfg.train_cfg == train_cfg


@pytest.mark.parametrize(
    'train_cfg, advice',
    [
        (dict(type='ReliableTrainLoop', by_epoch=False, max_iters=9), "type='IterBasedTrainLoop', max_iters="),
        (dict(type='IterBasedTrainLoop', by_epoch=True, max_epochs=9), "type='ReliableTrainLoop', max_epochs="),
    ],
)
def test_a_contradiction_is_refused(train_cfg, advice):
    with pytest.raises(ValueError, match=f'do not agree: .*{advice}'):
        settle_train_cfg(Config(dict(train_cfg=train_cfg)))
