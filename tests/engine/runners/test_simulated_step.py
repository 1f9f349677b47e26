"""What a whole training step asks of a GPU and of the processes, counted on a simulated GPU.

`pytest -m slow -s tests/engine/runners/test_simulated_step.py` prints the numbers beside those of BYOL.
"""

import pytest
import torch
from mmengine.model import ExponentialMovingAverage
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.engine import LARS
from simulated_gpu import GPU, backward, iterations, needs_simulation, simulated_gpu
from tiny_fra import tiny_fra, total_loss
from torch import nn

from fra_plugin.configs import load_config

pytestmark = needs_simulation


@pytest.fixture(scope='module')
def steps(tmp_path_factory):
    """Three iterations of the main recipe on one GPU, with a report of the monitor after the third."""
    monitor = dict(type='CollapseMonitorHook', interval=3)
    return iterations('fra_r50_8xb64', str(tmp_path_factory.mktemp('one')), number=3, hooks=[monitor])


@pytest.fixture(scope='module')
def step(steps):
    """A plain iteration of the main recipe on one GPU; tensors on two devices at once would have raised."""
    return steps[1]


def test_the_backward_pass_of_the_simulation_is_that_of_torch():
    views = list(torch.randn(2, 2, 3, 64, 64, generator=torch.Generator().manual_seed(1), dtype=torch.float64))
    model, twin = tiny_fra(), tiny_fra()
    total_loss(model(views, mode='loss')).backward()
    backward(total_loss(twin(views, mode='loss')))
    for (name, one), other in zip(model.named_parameters(), twin.parameters()):
        assert one.grad is None and other.grad is None or torch.equal(one.grad, other.grad), name


@pytest.fixture(scope='module')
def step_of_eight(tmp_path_factory):
    """A plain iteration of the main recipe in one of eight processes."""
    return iterations('fra_r50_8xb64', str(tmp_path_factory.mktemp('eight')), world_size=8)[-1]


def test_operations_of_a_step_on_one_gpu(step):
    assert sum(step.operations.values()) <= 2700, step.operations.most_common(40)
    assert step.operations['convolution'] > 200


def test_operations_of_a_step_on_eight_gpus(step_of_eight):
    operations, collectives = step_of_eight.operations, step_of_eight.collectives
    assert sum(operations.values()) + sum(collectives.values()) <= 4350, operations.most_common(40)


def test_collectives_beside_those_of_the_norm_layers(step_of_eight):
    forward, backward = (step_of_eight.operations[f'batch_norm_{way}elemt'] for way in ('', 'backward_'))
    assert (forward, backward) == (228, 116)
    assert sum(step_of_eight.collectives.values()) - forward - backward <= 9, step_of_eight.collectives


def test_the_norm_layers_of_eight_gpus_wait_for_nothing(step_of_eight):
    assert len(step_of_eight.reads) <= 2, step_of_eight.reads
    assert step_of_eight.blocking_copies == []


def test_the_host_reads_twice_from_the_gpu(step):
    """Whether the gradient is finite, and the losses."""
    assert len(step.reads) <= 2, step.reads


def test_a_report_of_the_monitor_is_one_more_read(steps):
    assert len(steps[2].reads) <= 3, steps[2].reads
    assert steps[2].blocking_copies == []


def test_the_host_waits_for_no_copy_to_the_gpu(step):
    assert step.blocking_copies == []


def test_losses_stay_in_full_precision_while_the_networks_do_not(step):
    assert step.half_where_exact == []
    assert step.half['convolution'] > 200 and step.half['mm'] > 50


@pytest.mark.slow
@pytest.mark.parametrize('processes', [1, 8])
def test_operations_beside_those_of_byol(tmp_path, processes):
    found = {}
    for config in ('fra_r50_8xb64', 'byol_r50_8xb64'):
        step = iterations(config, str(tmp_path / config), world_size=processes)[-1]
        collectives = sum(step.collectives.values())
        found[config] = sum(step.operations.values()) + collectives
        print(f'\n{config}, {processes} processes: {found[config]} operations, {collectives} of them collectives, '
              f'{len(step.reads)} reads', end='')  # yapf: disable
    assert found['fra_r50_8xb64'] < 1.35 * found['byol_r50_8xb64']


def test_optimizer_and_moving_average_are_few_operations_on_lists():
    cfg = load_config('fra_r50_8xb64')
    init_default_scope(cfg.default_scope)
    cfg.optim_wrapper.update(type='OptimWrapper')
    cfg.optim_wrapper.pop('loss_scale')
    model = tiny_fra(dtype=torch.float32).to('meta')
    with simulated_gpu() as counts:
        model = model.to_empty(device=GPU)
        online = nn.ModuleDict(dict(backbone=model.backbone, neck=model.neck))
        trained = [param for param in model.parameters() if param.requires_grad]
        for param in trained:
            param.grad = torch.empty_like(param)
        optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
        matrices, vectors = ([param for param in trained if (param.dim() > 1) == wanted] for wanted in (True, False))
        plain = LARS([dict(params=matrices), dict(params=vectors, lars_exclude=True)], lr=0.9)
        average = ExponentialMovingAverage(online)
        asked = []
        for step, move in (
            (optimizer.step, lambda: model.update_target(0, 100)),
            (plain.step, lambda: average.update_parameters(online)),
        ):
            step()  # makes its buffers
            counts.clear()
            step()
            move()
            asked.append((sum(counts.operations.values()), len(counts.reads)))
    assert asked[0] == (45, 0)
    assert asked[1][0] > 5 * len(trained) and asked[1][1] >= 2 * len(matrices)
