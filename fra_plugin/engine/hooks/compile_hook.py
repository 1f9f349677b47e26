"""Compiles what a model computes in a step, and nothing of what happens around it."""

import warnings
from typing import Callable, Optional

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from mmengine.utils import digit_version
from torch import nn

from ...checkpoints.checked_load import unwrapped
from ...models.non_blocking_sync_bn import tell_shapes


@HOOKS.register_module()
class CompileHook(Hook):
    """Before training: ``model.view_losses`` (or ``model.loss``, where there is none) -> ``torch.compile`` of it.

    FRA is one graph without breaks, for all batches of one shape. The optimizer's step, the target's update and steps that
    are left out stay as they are, which mmengine's ``compile`` option would lose. An iteration in which a hook looks into
    the model, such as a report of :class:`CollapseMonitorHook`, runs as if nothing was compiled.

    The backend 'inductor' draws its own random numbers for dropout, so the losses are other ones than without this hook.
    In several processes all gradients arrive at the end, so their reduction no longer overlaps with the backward pass
    unless torch splits the graph.

    Example:
        >>> dict(type='CompileHook')

    Args:
        backend: as for :func:`torch.compile`. Defaults to 'inductor'.
        mode: as for :func:`torch.compile`. 'reduce-overhead' (CUDA graphs) makes small networks faster on a GPU. Defaults to
            None.

    Raises:
        ValueError: before training, if torch is older than 2.2, doesn't know the backend or the mode, or keeps the optimizer
            from telling its listeners.
    """

    priority = 'VERY_HIGH'  # before hooks that listen to the optimizer

    def __init__(self, *, backend: str = 'inductor', mode: Optional[str] = None) -> None:
        self.backend = backend
        self.mode = mode
        self._compiled = None

    def before_run(self, runner: Runner) -> None:
        """Refuse before anything is compiled: torch 2.1 then calls no listener of an optimizer in this process any more."""
        if digit_version(torch.__version__) < digit_version('2.2'):
            raise ValueError(
                f'CompileHook needs torch 2.2 or newer, got {torch.__version__}: remove it from custom_hooks'
            )

    def before_train(self, runner: Runner) -> None:
        model = unwrapped(runner.model)
        name = 'view_losses' if hasattr(model, 'view_losses') else 'loss'
        setattr(model, name, self._unless_watched(model, getattr(model, name)))
        self._compiled = model, name
        self._refuse_silent_optimizer(runner.optim_wrapper.optimizer)

    def after_train(self, runner: Runner) -> None:
        """The model's own method again, as the compiled one can't be copied or pickled."""
        model, name = self._compiled
        delattr(model, name)

    def _unless_watched(self, model: nn.Module, plain: Callable) -> Callable:
        modules = list(model.modules())
        tell_shapes()
        try:
            compiled = torch.compile(plain, backend=self.backend, mode=self.mode)
        except RuntimeError as error:  # a name that torch doesn't know
            raise ValueError(f'CompileHook(backend={self.backend!r}, mode={self.mode!r}): {error}') from error
        warnings.filterwarnings('ignore', 'Dynamo detected a call to a `functools.lru_cache`')

        def run(*args, **kwargs):
            watched = any(module._forward_hooks or module._forward_pre_hooks for module in modules)
            return (plain if watched else compiled)(*args, **kwargs)

        return run

    @staticmethod
    def _refuse_silent_optimizer(optimizer: torch.optim.Optimizer) -> None:
        """Nothing has a gradient yet, so this step changes nothing."""
        told = []
        listener = optimizer.register_step_post_hook(lambda *_: told.append(True))
        optimizer.zero_grad()
        optimizer.step()
        listener.remove()
        if not told:
            raise ValueError(
                f'torch {torch.__version__} keeps {type(optimizer).__name__} from telling its listeners once something '
                'is compiled: remove CompileHook from custom_hooks'
            )
