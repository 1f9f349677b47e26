"""Writes down every step exactly, and lets it last long enough to be hit."""

import time

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

NAN = float('nan')


@HOOKS.register_module(force=True)
class Recorder(Hook):
    """``ITERATION LOSS MARK`` a line, the loss in hexadecimal, in work_dir/losses_RANK.txt."""

    priority = 'VERY_HIGH'

    def __init__(self, seconds: float = 0.05) -> None:
        self.seconds = seconds

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        with open(f'{runner.work_dir}/losses_{get_rank()}.txt', 'a') as file:
            file.write(f'{runner.iter + 1} {float(outputs["loss"]).hex()} end\n')
        time.sleep(self.seconds)


@HOOKS.register_module(force=True)
class Poison(Hook):
    """Makes a view of some batches (counted from 1) NaN, on one process."""

    def __init__(self, iterations, rank: int = 0) -> None:
        self.iterations = iterations
        self.rank = rank

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.iter + 1 in self.iterations and get_rank() == self.rank:
            data_batch['inputs'][0] = data_batch['inputs'][0].float() * NAN
