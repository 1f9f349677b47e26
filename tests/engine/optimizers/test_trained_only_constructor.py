"""The constructor gives mmengine's settings in few groups, and is quiet about a target network."""

import logging

from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import nn

import fra_plugin  # noqa: F401

PARAMWISE = dict(custom_keys={'head': dict(lr_mult=10.0)})


def build(model, constructor):
    return build_optim_wrapper(
        model,
        dict(
            type='OptimWrapper',
            constructor=constructor,
            paramwise_cfg=PARAMWISE,
            optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.1),
        ),
    )


def test_same_settings_in_few_groups_without_a_warning_for_each_tensor_of_the_target(monkeypatch):
    messages = []
    monkeypatch.setattr(
        'mmengine.optim.optimizer.default_constructor.print_log',
        lambda text, logger=None, level=logging.INFO: messages.append((level, text)),
    )
    init_default_scope('mmpretrain')
    model = nn.ModuleDict(
        dict(
            backbone=nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)),
            head=nn.Linear(2, 1),
            target=nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).requires_grad_(False),
        )
    )
    model.backbone[0].bias.requires_grad_(False)  # a single frozen tensor is still told
    groups = build(model, 'TrainedOnlyConstructor').optimizer.param_groups
    warned = [text for level, text in messages if level == logging.WARNING]
    assert len(warned) == 1 and 'backbone.0.bias' in warned[0]
    assert len(groups) == 2
    expected = build(model, 'DefaultOptimWrapperConstructor').optimizer.param_groups
    assert len(expected) == 5 and settings(groups) == settings(expected)


def settings(groups):
    """Learning rate and decay of each parameter."""
    return {param: (group['lr'], group['weight_decay']) for group in groups for param in group['params']}
