"""SyncBN without a wait of the host.

torch's SyncBatchNorm leaves out the statistics of processes whose batch is empty. To know which, the host waits for the
device three times in each layer. In pre-training no batch is empty, so here nothing is left out. All else, and every number,
is as in torch.
"""

import functools
from typing import Optional, Tuple

import torch
from mmengine.registry import MODELS
from torch import distributed as dist
from torch import nn
from torch.autograd.function import Function, once_differentiable


@MODELS.register_module()
class NonBlockingSyncBN(nn.SyncBatchNorm):
    """BatchNorm over the batches of all processes: (B, C, ...) -> the same shape; a drop-in for ``SyncBN``.

    Batches may have other sizes on other processes, as their sizes travel with their statistics. An empty one is refused.
    In one process, and in evaluation mode, it is BatchNorm. Its checkpoints are those of BatchNorm. Works on CPUs too.

    Example:
        >>> dict(type='NonBlockingSyncBN')  # norm_cfg

    Args:
        num_features: C.
        **kwargs: as for :class:`torch.nn.SyncBatchNorm`.

    Raises:
        ValueError: from a training step, for an empty batch.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        synced = self.training and dist.is_available() and dist.is_initialized()
        group = (self.process_group or dist.group.WORLD) if synced else None
        if not synced or dist.get_world_size(group) == 1:
            return super(nn.SyncBatchNorm, self).forward(input)  # torch's SyncBN refuses a CPU even alone
        self._check_input_dim(input)
        if input.numel() == 0:
            raise ValueError(f'{type(self).__name__} cannot normalise an empty batch, got {tuple(input.shape)}')
        momentum = self.momentum
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            momentum = 1 / self.num_batches_tracked.item() if momentum is None else momentum
        return _Normalise.apply(
            input, self.weight, self.bias, self.running_mean, self.running_var, momentum or 0.0, self.eps, group
        )


class _Normalise(Function):
    @staticmethod
    def forward(ctx, input, weight, bias, running_mean, running_var, momentum, eps, group):
        kernels = _kernels(input)
        input = _dense(input)
        channels = input.shape[1]
        mean, invstd = kernels.batch_norm_stats(input, eps)
        count = mean.new_full((1,), input.numel() // channels)
        gathered = _gather(torch.cat([mean, invstd, count]), group)  # (processes, 2 C + 1)
        means, invstds, counts = gathered.split([channels, channels, 1], dim=1)
        counts = counts.flatten() if running_mean is None else counts.flatten().to(running_mean.dtype)
        mean, invstd = kernels.batch_norm_gather_stats_with_counts(
            input, means, invstds, running_mean, running_var, momentum, eps, counts
        )
        ctx.save_for_backward(input, weight, mean, invstd, counts)
        ctx.group = group
        return kernels.batch_norm_elemt(input, weight, bias, mean, invstd, eps)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output):
        input, weight, mean, invstd, counts = ctx.saved_tensors
        kernels = _kernels(input)
        grad_output = _dense(grad_output)
        # The gradients of weight and bias are this process's own, as DistributedDataParallel averages them.
        sum_dy, sum_dy_xmu, grad_weight, grad_bias = kernels.batch_norm_backward_reduce(
            grad_output, input, mean, invstd, weight, *ctx.needs_input_grad[:3]
        )
        grad_input = None
        if ctx.needs_input_grad[0]:
            sums = torch.cat([sum_dy, sum_dy_xmu])
            dist.all_reduce(sums, group=ctx.group)
            weight = weight if weight is None else weight.to(mean.dtype)
            grad_input = kernels.batch_norm_backward_elemt(
                grad_output, input, mean, invstd, weight, *sums.chunk(2), counts.to(torch.int32)
            )
        grads = (grad if needed else None for grad, needed in zip((grad_weight, grad_bias), ctx.needs_input_grad[1:3]))
        return (grad_input, *grads, None, None, None, None, None)


def _dense(tensor: torch.Tensor) -> torch.Tensor:
    last = torch.channels_last if tensor.dim() == 4 else torch.channels_last_3d if tensor.dim() == 5 else None
    return tensor if last is not None and tensor.is_contiguous(memory_format=last) else tensor.contiguous()


def _gather(own: torch.Tensor, group) -> torch.Tensor:
    """(n,) of each process -> (processes, n)."""
    world_size = dist.get_world_size(group)
    if dist.get_backend(group) == 'gloo':  # not all versions of it can write into one tensor
        parts = [torch.empty_like(own) for _ in range(world_size)]
        dist.all_gather(parts, own, group=group)
        return torch.stack(parts)
    gathered = own.new_empty(world_size * len(own))
    getattr(dist, 'all_gather_single', dist.all_gather_into_tensor)(gathered, own, group=group)  # its newer name
    return gathered.view(world_size, len(own))


def _kernels(input: torch.Tensor):
    return torch if input.device.type == 'cuda' else _Plain


@functools.lru_cache(maxsize=None)
def tell_shapes() -> torch.library.Library:
    """What torch's kernels return, which torch itself does not tell: without it, they can't be compiled.

    This holds for the whole process, so only who compiles calls it; a second call changes nothing.
    """
    library = torch.library.Library('aten', 'IMPL', 'Meta')

    def vectors(number: int):
        def shapes(grad_or_input, *_):
            dtype = torch.float32 if grad_or_input.dtype in (torch.float16, torch.bfloat16) else grad_or_input.dtype
            return tuple(grad_or_input.new_empty(grad_or_input.shape[1], dtype=dtype) for _ in range(number))

        return shapes

    def maps(grad_or_input, *_):
        return torch.empty_like(grad_or_input)

    for name, shapes in dict(
        batch_norm_stats=vectors(2),
        batch_norm_gather_stats_with_counts=vectors(2),
        batch_norm_elemt=maps,
        batch_norm_backward_reduce=vectors(4),
        batch_norm_backward_elemt=maps,
    ).items():
        if not torch._C._dispatch_has_kernel_for_dispatch_key(f'aten::{name}', 'Meta'):
            library.impl(name, shapes)
    return library


class _Plain:
    """What torch has as kernels on GPUs, with the same arguments and results, on any device."""

    @staticmethod
    def batch_norm_stats(input: torch.Tensor, eps: float) -> Tuple[torch.Tensor, torch.Tensor]:
        var, mean = torch.var_mean(_full(input), _others(input), unbiased=False)
        return mean, (var + eps).rsqrt()

    @staticmethod
    def batch_norm_gather_stats_with_counts(
        input, means, invstds, running_mean, running_var, momentum, eps, counts
    ) -> Tuple[torch.Tensor, torch.Tensor]:  # (processes, C) twice and (processes,) -> (C,) twice
        counts, total = counts[:, None], counts.sum()
        mean = (means * counts).sum(dim=0) / total
        var = ((invstds**-2 - eps + (means - mean) ** 2) * counts).sum(dim=0) / total
        if running_mean is not None:
            running_mean.lerp_(mean.to(running_mean.dtype), momentum)
            running_var.lerp_((var * total / (total - 1)).to(running_var.dtype), momentum)
        return mean, (var + eps).rsqrt()

    @staticmethod
    def batch_norm_elemt(input, weight, bias, mean, invstd, eps) -> torch.Tensor:
        scale = invstd if weight is None else invstd * weight
        output = (_full(input) - _wide(mean, input)) * _wide(scale, input)
        return (output if bias is None else output + _wide(bias, input)).to(input.dtype)

    @staticmethod
    def batch_norm_backward_reduce(grad_output, input, mean, invstd, weight, input_g, weight_g, bias_g):
        sum_dy = _full(grad_output).sum(_others(input))
        sum_dy_xmu = (_full(grad_output) * (_full(input) - _wide(mean, input))).sum(_others(input))
        return sum_dy, sum_dy_xmu, sum_dy_xmu * invstd, sum_dy

    @staticmethod
    def batch_norm_backward_elemt(grad_output, input, mean, invstd, weight, sum_dy, sum_dy_xmu, counts) -> torch.Tensor:
        total = counts.sum()
        scale = invstd if weight is None else invstd * weight
        along = _wide(sum_dy_xmu / total * invstd**2, input) * (_full(input) - _wide(mean, input))
        grad_input = _wide(scale, input) * (_full(grad_output) - _wide(sum_dy / total, input) - along)
        return grad_input.to(input.dtype)


def _full(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def _others(input: torch.Tensor) -> Tuple[int, ...]:
    return (0, *range(2, input.dim()))


def _wide(per_channel: Optional[torch.Tensor], input: torch.Tensor) -> torch.Tensor:
    return per_channel.view(1, -1, *[1] * (input.dim() - 2))
