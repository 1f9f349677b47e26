"""A loop that is named twice; a target network that nothing moves; hooks under every scope."""

from types import SimpleNamespace

import mmpretrain.registry
import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import EpochBasedTrainLoop

from fra_plugin.engine import ReliableTrainLoop
from fra_plugin.engine.hooks import MomentumUpdateHook
from fra_plugin.engine.runners.preconditions import refuse_still_target, settle_train_cfg

EVERYWHERE = [
    'RefuseForeignWeights',
    'ChannelsLastHook',
    'BrokenImageHook',
    'CompileHook',
    'LabelCheckHook',
    'ReliableCheckpointHook',
    'StopSignalHook',
    'NonFiniteHook',
]


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


def test_custom_hooks_that_replace_those_of_the_recipe_stop_a_training_that_would_not_move_the_target():
    model = SimpleNamespace(update_target=None)
    with pytest.raises(ValueError, match='nothing would move the target network.*_base_.custom_hooks'):
        refuse_still_target(SimpleNamespace(model=model, hooks=[Hook()]))
    refuse_still_target(SimpleNamespace(model=model, hooks=[MomentumUpdateHook()]))
    refuse_still_target(SimpleNamespace(model=object(), hooks=[]))


@pytest.mark.parametrize('name', EVERYWHERE)
@pytest.mark.parametrize('registry', [mmpretrain.registry.HOOKS, HOOKS])
def test_hooks_that_are_not_for_one_kind_of_model_have_one_name_everywhere(registry, name):
    """mmpose finds what mmengine's own registry has."""
    assert registry.get(name) is not None and registry.get(f'mmengine.{name}') is not None
