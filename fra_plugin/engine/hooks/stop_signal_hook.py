"""Ends training cleanly when the machine is about to be taken away."""

import signal
import sys
import threading
from typing import Dict

import torch
from mmengine.dist import all_reduce, barrier, get_world_size
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

# Slurm sends SIGUSR1 before a job's time is up (--signal=USR1@120): the job wants to be queued again.
EXIT_CODES: Dict[int, int] = {signal.SIGUSR1: 75, signal.SIGTERM: 128 + signal.SIGTERM}


@HOOKS.register_module()
class StopSignalHook(Hook):
    """SIGTERM or SIGUSR1, sent to any process of a run: finish the step, save, and exit on all processes.

    Needs ReliableTrainLoop and ReliableCheckpointHook. The exit code is 143 after SIGTERM (somebody wants it to end) and
    75 after SIGUSR1 (it wants to be started again with ``--resume``).

    Example:
        >>> dict(type='StopSignalHook', interval=20)

    Args:
        interval: iterations between two looks at what the other processes were told, at least 1; each costs an all-reduce
            of one number. A single process looks after every iteration. Defaults to 10.

    Raises:
        ValueError: for an interval below 1.
        SystemExit: after a run that a signal ended.
    """

    priority = 'LOW'  # before the checkpoint hook

    def __init__(self, interval: int = 10) -> None:
        if interval < 1:
            raise ValueError(f'interval must be at least 1, got {interval}')
        self.interval = interval
        self._received = 0
        self._agreed = 0
        self._former: Dict[int, object] = {}

    def before_train(self, runner) -> None:
        """Listen from here on; data workers inherit the handler, so that SIGUSR1 does not end them."""
        if threading.current_thread() is threading.main_thread():
            self._former = {number: signal.signal(number, self._receive) for number in EXIT_CODES}

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        """End training here, if all processes know of a signal and no gradient is pending."""
        if not self._agreed and get_world_size() == 1:
            self._agreed = self._received
        elif not self._agreed and self.every_n_train_iters(runner, self.interval):
            received = torch.tensor(self._received)
            all_reduce(received, 'max')
            self._agreed = int(received)
        if self._agreed and getattr(runner.optim_wrapper, 'should_update', lambda: True)():
            runner.train_loop.stop_training = True

    def after_train(self, runner) -> None:
        for number, handler in self._former.items():
            # Whoever sees the first process end may signal the others, which are about to end by themselves.
            signal.signal(number, signal.SIG_IGN if self._agreed else handler)

    def after_run(self, runner) -> None:
        if self._agreed:
            runner.logger.info(f'Stopped by {signal.Signals(self._agreed).name}; go on with --resume')
            barrier()  # launchers kill the others once one has ended, and the first process may still be saving
            sys.exit(EXIT_CODES[self._agreed])

    def _receive(self, number: int, frame) -> None:
        self._received = max(self._received, number)  # SIGTERM outranks SIGUSR1
