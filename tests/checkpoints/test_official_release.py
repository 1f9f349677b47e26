"""Official checkpoints: every tensor goes one to one to this model, anything else is refused."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS

from fra_plugin.apis import FRAFeatures
from fra_plugin.checkpoints.official_release import official_config, official_to_plugin
from fra_plugin.checkpoints.stored_config import checkpoint_config, model_config, refuse_foreign_types

TOOL = Path(__file__).resolve().parents[2] / 'tools/model_converters/official_to_plugin.py'
K, D, HID, C = 3, 16, 24, 512


def projector(prefix, channels):
    """The official MLP: 1x1 convolution, BatchNorm, ReLU, 1x1 convolution."""
    names = {f'{prefix}.mlp.0.weight': (HID, channels, 1), f'{prefix}.mlp.3.weight': (D, HID, 1)}
    names.update({f'{prefix}.mlp.1.{name}': (HID,) for name in ('weight', 'bias', 'running_mean', 'running_var')})
    return dict(names, **{f'{prefix}.mlp.1.num_batches_tracked': ()})


def encoder(prefix):
    """Names and shapes of the official encoder with a ResNet-18."""
    from torchvision.models import resnet18

    names = {
        f'{prefix}.backbone.{name}': tuple(tensor.shape)
        for name, tensor in resnet18().state_dict().items()
        if not name.startswith('fc.')
    }
    names[f'{prefix}.neck.proto'] = (K, D)
    for name in ('proj', 'proj_pixel', 'proj_obj'):
        names.update(projector(f'{prefix}.neck.{name}', C))
    attn = f'{prefix}.neck.proj_attn'
    for i in range(2):
        layer = f'{attn}.transformer.decoder.layers.{i}'
        for name in ('self_attn', 'multihead_attn'):
            names.update(
                {
                    f'{layer}.{name}.in_proj_weight': (3 * D, D),
                    f'{layer}.{name}.in_proj_bias': (3 * D,),
                    f'{layer}.{name}.out_proj.weight': (D, D),
                    f'{layer}.{name}.out_proj.bias': (D,),
                }
            )
        for name in ('linear1', 'linear2'):
            names.update({f'{layer}.{name}.weight': (D, D), f'{layer}.{name}.bias': (D,)})
        for name in ('norm1', 'norm2', 'norm3'):
            names.update({f'{layer}.{name}.weight': (D,), f'{layer}.{name}.bias': (D,)})
    names.update(
        {
            f'{attn}.transformer.decoder.norm.weight': (D,),
            f'{attn}.transformer.decoder.norm.bias': (D,),
            f'{attn}.query_embed.weight': (K, D),
            f'{attn}.input_proj.weight': (D, C, 1, 1),
            f'{attn}.input_proj.bias': (D,),
        }
    )
    for i in range(3):
        names.update({f'{attn}.mask_embed.layers.{i}.weight': (D, D), f'{attn}.mask_embed.layers.{i}.bias': (D,)})
    return names


SHAPES = dict(
    encoder('online_net'),
    **encoder('target_net'),
    **projector('predictor', D),
    **projector('predictor_obj', D),
    center=(1, K),
)


@pytest.fixture
def official():
    """An official state dict in which every tensor has a value of its own."""
    return {name: torch.full(shape, float(i)) for i, (name, shape) in enumerate(SHAPES.items())}


def test_every_tensor_goes_to_one_of_this_model(official):
    converted = official_to_plugin(official)
    model = MODELS.build(official_config(converted))
    model.load_state_dict(converted, strict=True)
    del official['center']  # a buffer that the official code never uses
    assert sorted(float(tensor.max()) for tensor in converted.values()) == sorted(
        float(tensor.max()) for tensor in official.values()
    )


@pytest.mark.parametrize(
    'theirs, ours',
    [
        ('online_net.backbone.layer2.0.downsample.1.running_var', 'backbone.layer2.0.downsample.1.running_var'),
        ('target_net.backbone.conv1.weight', 'target.backbone.conv1.weight'),
        ('online_net.neck.proto', 'neck.heatmap_head.prototype'),
        ('target_net.neck.proj_attn.query_embed.weight', 'target.neck.heatmap_head.region_queries'),
        ('online_net.neck.proj_pixel.mlp.3.weight', 'neck.pixel_projector.fc1.weight'),
        (
            'online_net.neck.proj_attn.transformer.decoder.layers.1.multihead_attn.in_proj_weight',
            'neck.heatmap_head.layers.1.attentions.1.attn.in_proj_weight',
        ),
        (
            'online_net.neck.proj_attn.transformer.decoder.layers.0.norm2.bias',
            'neck.heatmap_head.layers.0.norms.1.bias',
        ),
        ('predictor.mlp.0.weight', 'head.predictor.fc0.weight'),
        ('predictor_obj.mlp.1.running_mean', 'head.region_predictor.bn0.running_mean'),
    ],
)
def test_tensors_of_the_same_role_meet(official, theirs, ours):
    assert float(official_to_plugin(official)[ours].max()) == float(official[theirs].max())


def test_names_with_module_and_repeated_encoders_give_the_same(official):
    wrapped = {f'module.{name}': tensor for name, tensor in official.items()}
    wrapped.update(
        {
            f'module.encoder_q.{name[len("online_net.") :]}': tensor
            for name, tensor in official.items()
            if name.startswith('online_net.')
        }
    )
    got, expected = official_to_plugin(wrapped), official_to_plugin(official)
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[name], expected[name]) for name in got)


@pytest.mark.parametrize(
    'name', ['queue', 'online_net.backbone.fc.weight', 'online_net.neck.proj.mlp.4.weight', 'target_net.head.weight']
)
def test_an_unknown_name_is_refused(official, name):
    official[name] = torch.zeros(1)
    with pytest.raises(KeyError, match='not part of an official FRA checkpoint'):
        official_to_plugin(official)


@pytest.mark.parametrize(
    'name', ['online_net.neck.proto', 'online_net.neck.proj.mlp.0.weight', 'target_net.backbone.layer2.1.bn2.bias']
)
def test_a_missing_name_is_refused(official, name):
    del official[name]
    with pytest.raises(KeyError):
        official_to_plugin(official)


def test_another_backbone_is_refused(official):
    for name in [name for name in official if '.layer3.1.' in name]:
        del official[name]
    with pytest.raises(KeyError, match='none of ResNet-18 to -152'):
        official_to_plugin(official)


def test_a_shape_that_does_not_fit_is_refused(official):
    official['predictor.mlp.0.weight'] = torch.zeros(HID, D + 1, 1)
    with pytest.raises(ValueError, match=r'head.predictor.fc0.weight has the shape \(24, 17\)'):
        official_to_plugin(official)


@pytest.fixture
def run(run_tool):
    """Exit code and the lines of the error output."""
    return lambda *args: run_tool('model_converters/official_to_plugin.py', *args)[::2]


@pytest.mark.parametrize('key', ['state_dict', 'model'])
def test_the_command_writes_weights_that_load(official, tmp_path, key, run):
    official = {f'module.{name}': tensor for name, tensor in official.items()}
    torch.save({key: official, 'epoch': 50}, tmp_path / 'in.pth')
    assert run(tmp_path / 'in.pth', tmp_path / 'new' / 'out.pth') == (0, [])
    content = torch.load(tmp_path / 'new' / 'out.pth', weights_only=True)
    expected = official_to_plugin(official)
    assert all(torch.equal(content['state_dict'][name], expected[name]) for name in expected)
    config = model_config(checkpoint_config(content, 'out.pth'), 'out.pth')
    refuse_foreign_types(config, 'out.pth')
    model = MODELS.build(config)
    model.load_state_dict(content['state_dict'], strict=True)
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['out.pth']


def test_an_official_checkpoint_can_be_used_as_it_is(tmp_path, run):
    generator = torch.Generator().manual_seed(0)
    official = {name: 0.1 * torch.rand(shape, generator=generator) for name, shape in SHAPES.items()}
    torch.save(dict(state_dict=official), tmp_path / 'in.pth')
    assert run(tmp_path / 'in.pth', tmp_path / 'out.pth') == (0, [])
    image = np.random.default_rng(0).integers(0, 256, (224, 224, 3)).astype(np.uint8)
    first, second = (FRAFeatures(tmp_path / name, device='cpu')(image) for name in ('in.pth', 'out.pth'))
    assert first['heatmaps'].shape == (1, K, 7, 7)
    assert all(np.array_equal(first[name], second[name]) for name in ('embedding', 'heatmaps'))


class Evil:
    """Makes a folder when unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize(
    'make, message',
    [
        (lambda official, tmp: dict(state_dict=official, extra=Evil(tmp / 'ran')), 'may run code'),
        (
            lambda official, tmp: {
                name: tensor for name, tensor in official.items() if name != 'predictor.mlp.0.weight'
            },
            'missing in the official checkpoint: head.predictor.fc0.weight',
        ),
        (lambda official, tmp: dict(official, queue=torch.zeros(1)), 'not part of an official FRA checkpoint: queue'),
        (lambda official, tmp: dict(epoch=1), 'expected named tensors'),
    ],
)
def test_the_command_refuses_in_one_line_and_writes_nothing(official, tmp_path, make, message, run):
    torch.save(make(official, tmp_path), tmp_path / 'in.pth')
    code, (error,) = run(tmp_path / 'in.pth', tmp_path / 'out.pth')
    assert code == 1
    assert error.startswith('error: ') and message in error and 'in.pth' in error
    assert [path.name for path in tmp_path.iterdir()] == ['in.pth']


def test_the_command_runs_from_any_folder(tmp_path):
    done = subprocess.run(
        [sys.executable, str(TOOL), 'none.pth', 'out.pth'], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == ['error: no checkpoint none.pth']
