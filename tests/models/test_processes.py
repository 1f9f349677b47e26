"""Two processes with B images each learn what one process with 2 B learns."""
import os
import socket

import pytest
import torch
import torch.multiprocessing as mp
from conftest import tiny_fra, total_loss
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel


def make_views():
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(4, 3, 64, 64, generator=generator, dtype=torch.float64) for _ in range(2)]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


def worker(rank: int, port: int, folder: str, sync_grad: bool) -> None:
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    torch.set_num_threads(1)
    dist.init_process_group('gloo', rank=rank, world_size=2)
    model = tiny_fra(norm='GN', sync_grad=sync_grad,
                     relation_loss=dict(type='SemanticRelationLoss', sync_grad=sync_grad))  # yapf: disable
    parallel = DistributedDataParallel(model)
    losses = parallel([v[2 * rank:2 * rank + 2] for v in make_views()], mode='loss')
    total = total_loss(losses)
    total.backward()
    mean_loss = total.detach().clone()
    dist.all_reduce(mean_loss)
    if rank == 0:
        torch.save(dict(
            loss=mean_loss / 2,
            grads={n: p.grad for n, p in model.named_parameters() if p.grad is not None},
            prototype=model.neck.heatmap_head.prototype), f'{folder}/rank0.pth')  # yapf: disable
    dist.destroy_process_group()


@pytest.mark.parametrize('sync_grad', [True, False])
def test_loss_and_gradient_of_two_processes_are_those_of_one(tmp_path, sync_grad):
    mp.spawn(worker, args=(free_port(), str(tmp_path), sync_grad), nprocs=2)
    two = torch.load(tmp_path / 'rank0.pth')

    model = tiny_fra(norm='GN')
    total = total_loss(model(make_views(), mode='loss'))
    total.backward()
    torch.testing.assert_close(two['loss'], total.detach(), rtol=1e-10, atol=0)
    torch.testing.assert_close(two['prototype'], model.neck.heatmap_head.prototype, rtol=1e-10, atol=1e-12)
    one = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    assert two['grads'].keys() == one.keys()
    equal = [torch.allclose(two['grads'][n], g, rtol=1e-6, atol=1e-6 * g.norm().item() + 1e-14)
             for n, g in one.items()]  # yapf: disable
    # The official code's reduction stops gradients: the same loss, another gradient.
    assert all(equal) if sync_grad else not all(equal)
