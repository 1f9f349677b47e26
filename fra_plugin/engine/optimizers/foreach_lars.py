"""LARS without a device synchronisation per parameter.

Source: You et al., "Large Batch Training of Convolutional Networks", arXiv 1708.03888. mmpretrain's LARS reads two
norms of every parameter from the device at each step; here the norms stay there and the update runs on lists.
"""

from collections import defaultdict
from typing import Callable, Iterable, Optional

import torch
from mmpretrain.registry import OPTIMIZERS
from torch.optim import Optimizer

EXCLUDE = ('none', '1d', 'all')


@OPTIMIZERS.register_module()
class ForeachLARS(Optimizer):
    """SGD with momentum whose step is scaled, per parameter, by ``eta |p| / (|g| + weight_decay |p| + eps)``.

    Example:
        >>> dict(type='OptimWrapper', optimizer=dict(type='ForeachLARS', lr=0.9, weight_decay=1e-6))

    Args:
        params: parameters or parameter groups.
        lr: learning rate, >= 0.
        momentum: in [0, 1). Defaults to 0.9.
        weight_decay: L2 penalty, >= 0. Defaults to 0.
        eta: trust coefficient, > 0. Defaults to 1e-3.
        eps: added to the denominator. Defaults to 1e-8.
        exclude: which parameters take a plain step, without weight decay and scaling: '1d' (biases and norm layers),
            'all' or 'none'; may differ between groups. Defaults to '1d'.

    Raises:
        ValueError: for an argument out of its range.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float,
        *,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        eta: float = 1e-3,
        eps: float = 1e-8,
        exclude: str = '1d',
    ) -> None:
        for name, value in dict(lr=lr, weight_decay=weight_decay, eta=eta, eps=eps).items():
            if not 0 <= value < float('inf'):
                raise ValueError(f'{name} must be finite and not negative, got {value}')
        if not 0 <= momentum < 1:
            raise ValueError(f'momentum must be in [0, 1), got {momentum}')
        super().__init__(
            params, dict(lr=lr, momentum=momentum, weight_decay=float(weight_decay), eta=eta, eps=eps, exclude=exclude)
        )

    def add_param_group(self, param_group: dict) -> None:
        """Refuse an unknown ``exclude``, also in a group."""
        exclude = param_group.get('exclude', self.defaults['exclude'])
        if exclude not in EXCLUDE:
            raise ValueError(f'exclude must be one of {EXCLUDE}, got {exclude!r}')
        super().add_param_group(param_group)

    @torch.no_grad()
    def step(self, closure: Optional[Callable] = None) -> Optional[torch.Tensor]:
        """One step; ``closure`` as in :class:`torch.optim.SGD`."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            alike = defaultdict(list)  # lists for the foreach functions: same device, dtype and treatment
            for param in group['params']:
                if param.grad is not None:
                    plain = group['exclude'] == 'all' or (group['exclude'] == '1d' and param.dim() <= 1)
                    alike[param.device, param.dtype, plain].append(param)
            for (_, _, plain), params in alike.items():
                self._step(params, group, plain)
        return loss

    def _step(self, params: list, group: dict, plain: bool) -> None:
        grads = [param.grad for param in params]
        if plain:
            updates = torch._foreach_mul(grads, group['lr'])
        else:
            decay = group['weight_decay']
            param_norm = torch.stack(torch._foreach_norm(params))
            grad_norm = torch.stack(torch._foreach_norm(grads))
            trust = group['eta'] * param_norm / (grad_norm + decay * param_norm + group['eps'])
            trust = torch.where((param_norm > 0) & (grad_norm > 0), trust, torch.ones_like(trust))
            updates = torch._foreach_add(grads, params, alpha=decay)
            torch._foreach_mul_(updates, list((group['lr'] * trust).unbind()))

        for param in params:
            if 'momentum_buffer' not in self.state[param]:
                self.state[param]['momentum_buffer'] = torch.zeros_like(param)
        buffers = [self.state[param]['momentum_buffer'] for param in params]
        torch._foreach_mul_(buffers, group['momentum'])
        torch._foreach_add_(buffers, updates)
        torch._foreach_sub_(params, buffers)
