"""Moves the target encoder after each optimizer step."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch.optim import Optimizer

from ...checkpoints.checked_load import unwrapped
from ..runners.finite_steps import skips_by_itself
from ..runners.preconditions import refuse_compiled_step


@HOOKS.register_module()
class MomentumUpdateHook(Hook):
    """Call ``model.update_target(step, max_steps)`` exactly once after every step that the optimizer takes.

    It listens to the optimizer itself: iterations that only accumulate gradients, and steps that a loss scaler skips
    for a gradient that is not finite, leave the target alone. ``step`` and ``max_steps`` count optimizer steps and
    follow the runner's iteration, so a resumed run goes on where it stopped.

    Example:
        >>> dict(type='MomentumUpdateHook')

    Raises:
        ValueError: before training, for mmengine's ``compile``, which keeps the optimizer from telling.
    """

    def before_run(self, runner: Runner) -> None:
        """Refuse before mmengine compiles anything: torch 2.1 then calls no listener in this process any more."""
        refuse_compiled_step(runner.cfg)

    def before_train(self, runner: Runner) -> None:
        """Listen from here on."""
        model = unwrapped(runner.model)
        accumulate = runner.optim_wrapper._accumulative_counts
        max_steps = -(-runner.max_iters // accumulate)

        def follow(optimizer: Optimizer, *_) -> None:
            if not skips_by_itself(optimizer):
                model.update_target(runner.iter // accumulate, max_steps)

        self._listener = runner.optim_wrapper.optimizer.register_step_post_hook(follow)

    def after_train(self, runner: Runner) -> None:
        """Stop listening."""
        self._listener.remove()
