"""Which parameters each pre-training config decays and scales, told by what one step does to them.

With a gradient of zero and a weight decay, a step moves what is decayed. Without decay and with a gradient of one, a step of
LARS is as long as the learning rate only where it is not scaled.
"""

import copy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from narrow_heads import NARROW
from official_case import Case

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
NAMES = sorted(
    f'{path.parent.name}/{path.name}' for folder in ('fra', 'baselines') for path in (CONFIGS / folder).glob('*.py')
)
LARS = ['fra/fra_r50_8xb64.py', 'fra/fra_r50_4xb64-accum2.py', 'baselines/byol_r50_8xb64.py']
LARS += ['fra/fra_r50_8xb64_ms1mv3.py', 'fra/fra_r50_8xb64_tar.py', 'fra/fra_r50_8xb64_on-device.py']
ADAMW = ['fra/fra_vit-s_8xb64.py', 'fra/fra_convnext-t_8xb64.py']
DEMO = ['fra/fra_r18_1xb64_demo.py', 'fra/fra_r18_1xb64_myfaces.py', 'baselines/byol_r18_1xb64_demo.py']
DEMO += ['baselines/mocov3_r18_1xb64_demo.py', 'baselines/simsiam_r18_1xb64_demo.py', 'fra/fra_r50_1xb256_myfaces.py']
WITHOUT_PREDICTOR = ['baselines/densecl_r18_1xb64_demo.py', 'baselines/barlowtwins_r18_1xb64_demo.py']
MAE = 'baselines/mae_vit-s_8xb64.py'


class Built:
    """The model of a config, with narrow heads, and its optimizer."""

    def __init__(self, name, *options):
        cfg = Config.fromfile(CONFIGS / name)
        init_default_scope(cfg.default_scope)
        cfg.merge_from_dict(dict(model=NARROW[cfg.model.type]))
        for option in options:
            cfg.merge_from_dict(option)
        cfg.optim_wrapper.type = 'OptimWrapper'
        cfg.optim_wrapper.pop('loss_scale', None)
        model = MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor))
        self.params = {name: param for name, param in model.named_parameters() if param.requires_grad}
        self.optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer

    def step(self, gradient, decay):
        """How far each parameter of ones goes in one step, where the groups with a weight decay have this one."""
        optimizer = copy.deepcopy(self.optimizer)
        params = [param for group in optimizer.param_groups for param in group['params']]
        for group in optimizer.param_groups:
            group.update(lr=0.1, weight_decay=decay if group['weight_decay'] else 0.0)
        with torch.no_grad():
            for param in params:
                param.fill_(1.0)
                param.grad = torch.full_like(param, gradient)
        optimizer.step()
        names = {id(param): name for name, param in self.params.items()}
        ordered = [names.get(id(param)) for group in self.optimizer.param_groups for param in group['params']]
        return {name: (1 - param).abs().max().item() for name, param in zip(ordered, params) if name}

    def decayed(self):
        return {name for name, way in self.step(gradient=0.0, decay=0.5).items() if way > 0}

    def scaled(self):
        return {name for name, way in self.step(gradient=1.0, decay=0.0).items() if way < 0.09}

    def matrices(self):
        return {name for name, param in self.params.items() if param.dim() > 1}


def test_every_config_is_looked_at_here():
    assert sorted(LARS + ADAMW + DEMO + WITHOUT_PREDICTOR + [MAE]) == NAMES


@pytest.mark.parametrize('name', LARS[:2])
def test_decayed_and_scaled_is_what_the_official_code_decays_and_scales(name):
    built = Built(name)
    known = {ours: official for official, ours in Case().official_names().items()}
    assert known['backbone.layer1.0.bn1.weight'] == 'online_net.backbone.layer1.0.bn1.weight'
    # The converter changes only the prefix of a backbone's parameter, so that a ResNet-50's names are known as well.
    official = {ours: known.get(ours, f'online_net.{ours}') for ours in built.params}
    assert all('backbone.' in ours for ours in set(official) - set(known))
    expected = {
        ours for ours, name in official.items() if not any(word in name for word in ('bn', 'downsample.1', 'bias'))
    }
    assert built.scaled() == built.decayed() == expected
    assert len(expected - built.matrices()) == 12 and len(built.optimizer.param_groups) == 2


def test_the_baseline_is_scaled_like_the_model_that_it_is_compared_with():
    built = Built('baselines/byol_r50_8xb64.py')
    expected = built.matrices() | {'neck.bn0.weight', 'head.predictor.bn0.weight'}
    assert built.scaled() == built.decayed() == expected


@pytest.mark.parametrize('name', LARS)
def test_one_option_leaves_out_all_one_dimensional_parameters(name):
    built = Built(name, {'optim_wrapper.paramwise_cfg': None})
    assert built.scaled() == built.decayed() == built.matrices()


@pytest.mark.parametrize('name', ADAMW)
def test_adamw_decays_the_matrices_but_no_position(name):
    built = Built(name)
    positions = {name for name in built.params if name.endswith('.pos_embed')}
    assert built.decayed() == built.matrices() - positions and len(positions) == ('vit' in name)
    assert len(built.optimizer.param_groups) <= 3


@pytest.mark.parametrize('name', DEMO)
def test_the_demo_decays_everything_and_its_predictors_are_quick(name):
    built = Built(name)
    assert built.decayed() == set(built.params)
    quick, slow = ({id(param) for param in group['params']} for group in reversed(built.optimizer.param_groups))
    lr = 6e-4 if 'xb256' in name else 3e-4
    assert [group['lr'] for group in Built(name).optimizer.param_groups] == pytest.approx([lr, 10 * lr])
    assert quick == {id(p) for key, p in built.params.items() if key.startswith(('head.predictor', 'head.region_'))}
    assert slow == {id(param) for param in built.params.values()} - quick


@pytest.mark.parametrize('name', WITHOUT_PREDICTOR)
def test_demos_without_a_predictor_have_one_group(name):
    built = Built(name)
    assert built.decayed() == set(built.params)
    assert [group['lr'] for group in built.optimizer.param_groups] == pytest.approx([3e-4])


def test_mae_decays_the_matrices_but_no_token():
    built = Built(MAE)
    tokens = {'backbone.cls_token', 'neck.mask_token'}
    assert built.decayed() == built.matrices() - tokens and tokens < set(built.params)
    assert not any('pos_embed' in name for name in built.params)
