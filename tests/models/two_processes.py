"""What each of two processes runs: in a module of its own, as new processes have to import it."""

from unittest import mock

import torch
from mmpretrain.structures import DataSample
from tiny_fra import tiny_fra, total_loss
from torch import distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from fra_plugin.engine import CPUDataParallel
from fra_plugin.models import NonBlockingSyncBN


def make_views():
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(4, 3, 64, 64, generator=generator, dtype=torch.float64) for _ in range(2)]


def make_samples():
    """Where the views were cut: the pairs of each process share another number of pixels."""
    boxes = [[[0, 0, 60, 60], [0, 0, 60, 60]], [[60, 0, -60, 60], [10, 10, 50, 50]],
             [[0, 0, 30, 30], [25, 25, 30, 30]], [[0, 0, 40, 60], [60, 0, -50, 60]]]  # yapf: disable
    return [DataSample(metainfo=dict(view_boxes=pair)) for pair in boxes]


def join(rank: int, folder: str) -> None:
    """They meet at a file: a port that was free may be taken by another run of the tests."""
    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method=f'file://{folder}/meeting', rank=rank, world_size=2)


def worker(rank: int, folder: str, sync_grad: bool, cross_view: bool) -> None:
    join(rank, folder)
    model = tiny_fra(norm='GN', sync_grad=sync_grad, cross_view=cross_view,
                     relation_loss=dict(type='SemanticRelationLoss', sync_grad=sync_grad))  # yapf: disable
    parallel = DistributedDataParallel(model)
    own = slice(2 * rank, 2 * rank + 2)
    with mock.patch.object(dist, 'all_reduce', wraps=dist.all_reduce) as reductions:  # the model's own
        losses = parallel([v[own] for v in make_views()], make_samples()[own], mode='loss')
        total = total_loss(losses)
        total.backward()
    mean_loss = total.detach().clone()
    dist.all_reduce(mean_loss)
    if rank == 0:
        torch.save(dict(
            loss=mean_loss / 2,
            grads={n: p.grad for n, p in model.named_parameters() if p.grad is not None},
            reductions=reductions.call_count,
            prototype=model.neck.heatmap_head.prototype), f'{folder}/rank0.pth')  # yapf: disable
    dist.destroy_process_group()


def run_layers(rank: int, folder: str, cases: dict) -> None:
    """Two steps of a NonBlockingSyncBN for each case (input, gradient, images of the first process)."""
    join(rank, folder)
    found = {}
    for name, (input, grad, first) in cases.items():
        layer = NonBlockingSyncBN(5).double()
        own = slice(0, first) if rank == 0 else slice(first, None)
        input = input[own].requires_grad_()
        for i in range(2):
            output = layer(input * (i + 1))
            output.backward(grad[own])
        weights = dict(weight=layer.weight.grad, bias=layer.bias.grad)
        found[name] = dict(weights, output=output.detach(), input=input.grad, state=layer.state_dict())
    try:
        layer(torch.zeros(0, 5, 3))
    except ValueError as error:
        found['empty'] = str(error)
    parallel = CPUDataParallel(nn.Sequential(nn.SyncBatchNorm(5).double()))
    input, _, first = next(iter(cases.values()))
    own = slice(0, first) if rank == 0 else slice(first, None)
    found['wrapped'] = dict(kind=type(parallel.module[0]).__name__, output=parallel.module(input[own]).detach())
    torch.save(found, f'{folder}/{rank}.pth')
    dist.destroy_process_group()
