"""Two processes with a part of a batch each compute what BatchNorm computes with the whole."""

import pytest
import torch
import torch.multiprocessing as mp
from mmcv.cnn import build_norm_layer
from mmengine.model import revert_sync_batchnorm
from torch import distributed as dist
from torch import nn
from two_processes import run_layers

from fra_plugin.models import NonBlockingSyncBN

# Shape of the whole batch, and how much of it the first process has.
CASES = dict(maps=((6, 5, 3, 4), 3), unequal_maps=((6, 5, 3, 4), 1), vectors=((7, 5), 3))


def make_case(shape):
    generator = torch.Generator().manual_seed(0)
    input = 3 + 2 * torch.randn(shape, generator=generator, dtype=torch.float64)
    grad = torch.randn(shape, generator=generator, dtype=torch.float64)
    return (input.to(memory_format=torch.channels_last) if len(shape) == 4 else input), grad


@pytest.fixture(scope='module')
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp('parts')
    cases = {name: (*make_case(shape), first) for name, (shape, first) in CASES.items()}
    mp.spawn(run_layers, args=(str(folder), cases), nprocs=2)
    return [torch.load(folder / f'{rank}.pth') for rank in range(2)]


@pytest.mark.parametrize('name', CASES)
def test_numbers_gradients_and_statistics_are_those_of_the_joined_batch(parts, name):
    input, grad = make_case(CASES[name][0])
    input.requires_grad_()
    layer = (nn.BatchNorm2d if input.dim() == 4 else nn.BatchNorm1d)(5).double()
    for i in range(2):
        output = layer(input * (i + 1))
        output.backward(grad)
    exact = dict(rtol=1e-12, atol=1e-12)
    parts = [part[name] for part in parts]
    torch.testing.assert_close(torch.cat([part['output'] for part in parts]), output.detach(), **exact)
    torch.testing.assert_close(torch.cat([part['input'] for part in parts]), input.grad, **exact)
    torch.testing.assert_close(sum(part['weight'] for part in parts), layer.weight.grad, **exact)
    torch.testing.assert_close(sum(part['bias'] for part in parts), layer.bias.grad, **exact)
    for part in parts:
        torch.testing.assert_close(dict(part['state']), dict(layer.state_dict()), **exact)


def test_an_empty_batch_is_refused(parts):
    for part in parts:
        assert part['empty'] == 'NonBlockingSyncBN cannot normalise an empty batch, got (0, 5, 3)'


def test_on_cpus_torchs_own_layers_have_the_statistics_of_all_processes_too(parts):
    input, _ = make_case(next(iter(CASES.values()))[0])
    expected = nn.BatchNorm2d(5).double()(input).detach()
    torch.testing.assert_close(
        torch.cat([part['wrapped']['output'] for part in parts]), expected, rtol=1e-12, atol=1e-12
    )
    assert [part['wrapped']['kind'] for part in parts] == ['NonBlockingSyncBN'] * 2


def test_a_group_of_one_process_on_a_cpu_is_batchnorm(tmp_path):
    input, _ = make_case((6, 5, 3, 4))
    dist.init_process_group('gloo', init_method=f'file://{tmp_path}/meeting', rank=0, world_size=1)
    try:
        output = NonBlockingSyncBN(5).double()(input)
    finally:
        dist.destroy_process_group()
    torch.testing.assert_close(output, nn.BatchNorm2d(5).double()(input), rtol=0, atol=0)


def test_in_one_process_and_in_evaluation_it_is_batchnorm():
    name, layer = build_norm_layer(dict(type='NonBlockingSyncBN'), 5)
    twin = nn.BatchNorm2d(5)
    assert name == 'bn' and isinstance(layer, NonBlockingSyncBN)
    twin.load_state_dict(layer.state_dict())
    for mode in (True, False):
        input = torch.randn(4, 5, 3, 3)
        torch.testing.assert_close(layer.train(mode)(input), twin.train(mode)(input), rtol=0, atol=0)
    layer.load_state_dict(twin.state_dict())
    assert not any(isinstance(module, nn.SyncBatchNorm) for module in revert_sync_batchnorm(nn.Sequential(layer)))
