"""What each of two processes runs: in a module of its own, as new processes have to import it."""
import os
import socket

import torch
from tiny_fra import tiny_fra, total_loss
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
