"""What a whole training step asks of a GPU and of the processes, counted on a simulated GPU.

`pytest -m slow -s tests/engine/runners/test_simulated_step.py` prints the numbers beside those of BYOL.
"""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
import torch
from simulated_gpu import backward, iterations, needs_simulation
from simulated_optimizers import optimizers
from tiny_fra import tiny_fra, total_loss

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
    """In a process of their own: after them and the iterations in one process, torch may crash while it frees memory."""
    with ProcessPoolExecutor(1, mp_context=get_context('spawn')) as pool:
        ours, plain, tensors = pool.submit(optimizers).result()
    assert ours == (45, 0)
    assert plain[0] > 5 * tensors and plain[1] > tensors / 2
