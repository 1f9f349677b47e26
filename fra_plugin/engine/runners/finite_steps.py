"""Optimizer steps with a loss and a gradient that are finite, and no others."""

from contextlib import contextmanager
from typing import Dict, Iterator, List, Optional

import torch
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from torch import nn
from torch.optim import Optimizer

from ...checkpoints.checked_load import unwrapped
from .kept_buffers import KeptBuffers


def skips_by_itself(optimizer: Optimizer) -> bool:
    """Whether the step that ``optimizer`` takes now, of which its hooks are told, changes nothing.

    The loss scaler of mixed precision calls the step of a fused optimizer always, with the number ``found_inf``.
    """
    found_inf = getattr(optimizer, 'found_inf', None)
    return found_inf is not None and bool(found_inf)


class FiniteSteps:
    """Stands for the optimizer wrapper in ``train_step`` and leaves out every step that would spoil the model.

    A loss that is not finite makes every gradient of its process NaN, and the average over processes that
    DistributedDataParallel takes anyway makes them NaN everywhere: all processes leave out the same steps, without a
    collective of their own. Mixed precision's loss scaler then skips the step as it skips an overflow; a fused optimizer
    skips it by itself. Without a scaler the norm of the gradient is read, one number from the device a step, as the scaler
    does; where gradients are clipped, it is the norm that clipping needs.

    A step left out leaves no trace: buffers (BatchNorm statistics, prototypes) return to what they were before the
    batch, the optimizer's state and the target network, which follows the optimizer, don't move.

    Args:
        wrapper: the Runner's optimizer wrapper; all else is passed on to it.

    Attributes:
        left_out: whether the latest step was.
        in_a_row: steps left out since the last one that was taken.
        total: steps left out in the whole run, resumed parts included.
        clipped: norm (or what mmengine calls ``grad_name``) from before the clipping of the latest gradient, still on
            the device, where mmengine would read it at once. Empty without clipping.
    """

    def __init__(self, wrapper: OptimWrapper) -> None:
        self.wrapper = wrapper
        self.left_out = False
        self.in_a_row = 0
        self.clipped: Dict[str, torch.Tensor] = {}
        self._taken = False
        self._kept: Optional[KeptBuffers] = None
        self._kept_of: Optional[nn.Module] = None
        wrapper._clip_grad = self._clip
        wrapper.optimizer.register_step_post_hook(self._note_step)

    def __getattr__(self, name: str):
        return getattr(self.wrapper, name)

    @property
    def total(self) -> int:
        return self.message_hub.runtime_info.get('left_out_steps', 0)

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """The wrapper's context; keeps the buffers where an accumulation of gradients begins."""
        if self._kept_of is not model:
            self._kept, self._kept_of = KeptBuffers(unwrapped(model)), model
        if self.inner_count % self._accumulative_counts == 0:
            self._kept.keep()
        with self.wrapper.optim_context(model):
            yield

    def update_params(
        self, loss: torch.Tensor, step_kwargs: Optional[Dict] = None, zero_kwargs: Optional[Dict] = None
    ) -> None:
        """As :meth:`OptimWrapper.update_params`, but for steps that are left out."""
        self.left_out = False
        self.clipped = {}
        one_or_nan = loss.detach() * 0 + 1
        self.backward(self.scale_loss(loss * one_or_nan))
        if not self.should_update():
            return
        self._taken = False  # until the optimizer says so
        if isinstance(self.wrapper, AmpOptimWrapper) or self._gradient_is_finite():
            self.step(**(step_kwargs or {}))
        self.zero_grad(**(zero_kwargs or {}))
        self.left_out = not self._taken
        if self.left_out:
            self._kept.restore()
            self.message_hub.update_info('left_out_steps', self.total + 1)
        self.in_a_row = self.in_a_row + 1 if self.left_out else 0

    def ever_taken(self, iterations: int) -> bool:
        """Whether not all steps of a run's first ``iterations`` were left out."""
        return self.total < -(-iterations // self._accumulative_counts)

    def _note_step(self, optimizer: Optimizer, *_) -> None:
        self._taken = not skips_by_itself(optimizer)

    def _clip(self) -> None:
        """As :meth:`OptimWrapper._clip_grad`, once for each step, and the norm stays on the device."""
        params = self._with_gradient()
        if params and not self.clipped:
            norm = self.clip_func(params, **self.clip_grad_kwargs)
            if norm is not None:  # clipping by value gives none
                self.clipped = {self.grad_name: norm}

    @torch.no_grad()
    def _gradient_is_finite(self) -> bool:
        """Whether its norm is; all processes hold the same gradient here."""
        if self.clip_grad_kwargs and self.grad_name == 'grad_norm':
            self._clip()
            norms = list(self.clipped.values())
        else:
            grads = [param.grad for param in self._with_gradient()]
            norms = torch._foreach_norm(grads) if grads else []
        return not norms or bool(torch.stack([norm.to(norms[0]) for norm in norms]).isfinite().all())

    def _with_gradient(self) -> List[nn.Parameter]:
        params = [param for group in self.param_groups for param in group['params']]
        return [param for param in params if param.requires_grad and param.grad is not None]
