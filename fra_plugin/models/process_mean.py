"""Mean of a tensor over the processes, with or without its gradient."""

import torch
from mmengine import dist
from torch.distributed.nn.functional import all_reduce as differentiable_all_reduce


def process_mean(tensor: torch.Tensor, sync_grad: bool = True) -> torch.Tensor:
    """Mean of ``tensor`` (same shape everywhere) over all processes.

    Args:
        tensor: what this process has.
        sync_grad: let the gradient pass through the reduction, so that W processes with B images each have the
            gradient of one process with W * B. False is what the official code does: the values are the mean, the
            gradient is that of this process's own summand.

    Returns:
        The mean, the same on every process.
    """
    world_size = dist.get_world_size()
    if world_size == 1:
        return tensor
    if sync_grad and tensor.requires_grad:
        return differentiable_all_reduce(tensor) / world_size
    total = tensor.detach().clone()
    dist.all_reduce(total)
    # Value: the mean. Gradient: 1 / W of this process's summand.
    return (total + tensor - tensor.detach()) / world_size
