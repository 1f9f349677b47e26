"""Weights of another model, or not finite, start no training, no resumed training and no test."""

from uuid import uuid4

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from torch import nn

from fra_plugin.checkpoints import RefuseForeignWeights
from fra_plugin.checkpoints.checked_load import load_state_dict

SHALLOW = dict(depths=[1, 1, 1, 1], channels=[8, 8, 8, 8])


class Net(BaseModel):
    """A backbone and a head, of a width."""

    def __init__(self, width=3, classes=2, init_cfg=None):
        super().__init__(init_cfg=init_cfg)
        self.backbone = nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width))
        self.head = nn.Linear(width, classes)

    def forward(self, inputs, mode='loss'):
        return dict(loss=self.head(self.backbone(torch.stack(inputs))).square().mean())


class Starts(Hook):
    """Keeps the weights that the training begins with."""

    def before_train(self, runner):
        self.weights = {name: value.clone() for name, value in runner.model.state_dict().items()}


@pytest.fixture
def build(tmp_path):
    def make(model, leave_out=(), **kwargs):
        data = [dict(inputs=torch.tensor([float(i), 1.0])) for i in range(4)]
        return Runner(
            model,
            str(tmp_path / 'run'),
            experiment_name=uuid4().hex,  # two runs of one name and second would share a log
            train_dataloader=dict(dataset=data, batch_size=2, sampler=dict(type='DefaultSampler', shuffle=False)),
            train_cfg=dict(type='ReliableTrainLoop', max_epochs=1),
            optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.01)),
            default_hooks=dict(weights=dict(type='RefuseForeignWeights', leave_out=leave_out)),
            default_scope='mmpretrain',
            **kwargs,
        )

    return make


def saved(tmp_path, content):
    torch.save(content, tmp_path / 'other.pth')
    return str(tmp_path / 'other.pth')


def begun(runner):
    starts = Starts()
    runner.register_hook(starts)
    runner.train()
    return starts.weights


@pytest.mark.parametrize(
    'state, message',
    [
        ({f'encoder.{name}': value for name, value in Net().state_dict().items()}, 'has none of the 8 tensors'),
        ({'epoch': torch.zeros(1)}, 'has none of the 8 tensors'),
        (Net(width=4).state_dict(), 'size mismatch for backbone.0.weight.*leave_out'),
        (Net(classes=5).state_dict(), r"size mismatch for head.weight.*leave_out=\['head\.'\]"),
        ({'backbone.0.weight': torch.zeros(3, 2)}, 'lacks 5 of the 6 tensors of the backbone'),
        (dict(Net().state_dict(), **{'head.bias': torch.tensor([0.0, float('nan')])}), 'not finite.*head.bias'),
        (dict(Net().state_dict(), **{'backbone.1.running_var': torch.full((3,), float('inf'))}), 'not finite.*running_var'),
    ],
)  # yapf: disable
def test_load_from_refuses(build, tmp_path, state, message):
    with pytest.raises(ValueError, match=message):
        build(Net(), load_from=saved(tmp_path, dict(state_dict=state))).train()


@pytest.mark.parametrize('place', ['state_dict', 'model', None])
def test_load_from_takes_the_backbone_wherever_it_lies_and_tells_what_it_left(build, tmp_path, place):
    state = {f'module.backbone.{name}': value for name, value in Net().backbone.state_dict().items()}
    state['neck.weight'] = torch.zeros(3)
    runner = build(Net(), load_from=saved(tmp_path, {place: state} if place else state))
    initial = runner.model.head.weight.clone()
    weights = begun(runner)
    torch.testing.assert_close(weights['backbone.0.weight'], state['module.backbone.0.weight'], rtol=0, atol=0)
    torch.testing.assert_close(weights['head.weight'], initial, rtol=0, atol=0)
    log = next(tmp_path.rglob('*.log')).read_text()
    assert '6 of the 8 tensors of the Net come from' in log
    assert '(2 of 2 in head); tensors of the file that have no place in it: 1' in log


def test_what_shall_not_be_loaded_keeps_its_initial_values(build, tmp_path):
    other = Net(classes=5)
    runner = build(Net(), leave_out=['head.'], load_from=saved(tmp_path, dict(state_dict=other.state_dict())))
    weights = begun(runner)
    assert torch.equal(weights['backbone.0.weight'], other.backbone[0].weight)
    assert weights['head.weight'].shape == (2, 3)


@pytest.mark.parametrize(
    'change, message',
    [
        (lambda content: content['state_dict'].pop('head.bias'), 'lacks 1 of the 9 tensors'),
        (lambda content: content['state_dict'].update(extra=torch.zeros(1)), 'has 1 tensors that .* extra first'),
        (lambda content: content['state_dict'].update({'head.weight': torch.zeros(2, 4)}), 'size mismatch for head.weight'),
        (lambda content: content['optimizer']['state'][0]['exp_avg'].fill_(float('nan')), "optimizer's state is not finite"),
    ],
)  # yapf: disable
def test_resume_refuses_all_that_is_not_this_very_model(build, tmp_path, change, message):
    build(Net()).train()
    content = torch.load(tmp_path / 'run' / 'epoch_1.pth', weights_only=False)
    change(content)
    with pytest.raises(ValueError, match=message):
        build(Net(), load_from=saved(tmp_path, content), resume=True).train()


def test_resume_takes_its_own(build, tmp_path):
    build(Net()).train()
    build(Net(), load_from=str(tmp_path / 'run' / 'epoch_1.pth'), resume=True).train()


@pytest.mark.parametrize(
    'weights, message',
    [
        (dict(weight=torch.zeros(2, 4)), 'lacks 1 of the 2 tensors'),
        (dict(weight=torch.zeros(2, 3), bias=torch.zeros(2)), r'other\.pth .* size mismatch for weight'),
        (
            dict(weight=torch.zeros(2, 4), bias=torch.full((2,), float('nan'))),
            r'other\.pth .* not finite .* bias first',
        ),
    ],
)
def test_a_test_needs_every_tensor(weights, message):
    class TestRunner:
        model, _load_from, _train_loop, _resume = nn.Linear(4, 2), 'other.pth', dict(type='any'), False

    with pytest.raises(ValueError, match=message):
        RefuseForeignWeights().after_load_checkpoint(TestRunner, dict(state_dict=weights))


@pytest.mark.parametrize(
    'shallow, deep',
    [
        (dict(type='ResNet', depth=18), dict(type='ResNet', depth=34)),
        (dict(type='ConvNeXt', arch=SHALLOW), dict(type='ConvNeXt', arch=dict(SHALLOW, depths=[1, 1, 2, 1]))),
    ],
)  # yapf: disable
def test_a_deeper_backbone_is_refused_although_it_has_all_tensors_of_the_models(shallow, deep):
    shallow, deep = (nn.ModuleDict(dict(backbone=MODELS.build(config))) for config in (shallow, deep))
    with pytest.raises(ValueError, match='deeper backbone.* first'):
        load_state_dict(shallow, deep.state_dict())
    load_state_dict(
        shallow, dict(shallow.state_dict(), **{'backbone.fc.0.weight': torch.zeros(1), 'head.0': torch.zeros(1)})
    )

    class TestRunner:
        model, _load_from, _train_loop, _resume = shallow, 'deep.pth', dict(type='any'), False

    with pytest.raises(ValueError, match='deep.pth holds a deeper backbone'):
        RefuseForeignWeights().after_load_checkpoint(TestRunner, dict(state_dict=deep.state_dict()))


def test_mmengines_own_initialisation_from_a_file_is_checked_too(tmp_path):
    state = {f'encoder.{name}': value for name, value in Net().state_dict().items()}
    model = Net(init_cfg=dict(type='Pretrained', checkpoint=saved(tmp_path, state)))
    with pytest.raises(ValueError, match='no tensor of the Net is among the weights: .* encoder.backbone.0.bias'):
        model.init_weights()
    model = Net(
        init_cfg=dict(type='Pretrained', checkpoint=saved(tmp_path, {'head.bias': torch.tensor([0, float('nan')])}))
    )
    with pytest.raises(ValueError, match='not finite'):
        model.init_weights()


def test_modules_that_rename_what_they_load_or_hold_infinities_by_design_are_left_alone():
    class Renames(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(2))
            self.register_buffer('mask', torch.full((2,), float('-inf')))

        def _load_from_state_dict(self, state_dict, prefix, *args):
            state_dict[prefix + 'weight'] = state_dict.pop(prefix + 'old_weight')
            super()._load_from_state_dict(state_dict, prefix, *args)

    module = Renames()
    load_state_dict(module, dict(old_weight=torch.ones(2), extra=torch.full((2,), float('nan'))))
    assert module.weight.tolist() == [1, 1]
