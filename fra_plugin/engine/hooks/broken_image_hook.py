"""BrokenImageHook: names the images that FaceFolder had to replace, and stops when there are too many."""

import logging
import os
from typing import Dict, Optional, Sequence, Union

import torch
from mmengine.dist import all_gather_object, all_reduce, is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.registry import HOOKS

from ...files.printable import printable
from ...files.whole_file import whole_file
from ..side_product import side_product

DATA_BATCH = Optional[Union[dict, tuple, list]]
NAMED_IN_LOG = 20


@HOOKS.register_module()
class BrokenImageHook(Hook):
    """Reads `skipped_files` of the data samples of every training batch, see FaceFolder.

    At the end of an epoch the broken files of all processes are named in the log, unless they were before, and, all of
    them, in work_dir/broken_images.txt (one a line: path, tab, reason). The share is that of one epoch: images replaced /
    images asked for. It is looked at every `interval` iterations, once `min_files` were asked for, and at the end of each
    epoch.

    Example:
        >>> dict(type='BrokenImageHook', max_share=0.01)

    Args:
        max_share: training stops above this share of broken files, in [0, 1]. Defaults to 0.05.
        interval: iterations between two looks, which cost an all-reduce of two numbers. Defaults to 100.
        min_files: images asked for, over all processes, before the share means something. Defaults to 1000.

    Raises:
        ValueError: max_share outside [0, 1], or interval or min_files below 1; from the training loop, on all processes:
            too many broken files.
    """

    def __init__(self, max_share: float = 0.05, interval: int = 100, min_files: int = 1000) -> None:
        if not 0 <= max_share <= 1:
            raise ValueError(f'max_share is a share of the files in [0, 1], got {max_share}')
        if interval < 1 or min_files < 1:
            raise ValueError(f'interval and min_files are at least 1, got {interval} and {min_files}')
        self.max_share = max_share
        self.interval = interval
        self.min_files = min_files
        self.asked = 0
        self.skipped = 0
        self.broken: Dict[str, str] = {}  # of this epoch; of this process until they are gathered
        self.reported: Dict[str, str] = {}  # of this run, all processes

    def before_train_epoch(self, runner) -> None:
        self.asked = self.skipped = 0
        self.broken = {}

    def after_train_iter(
        self, runner, batch_idx: int, data_batch: DATA_BATCH = None, outputs: Optional[dict] = None
    ) -> None:
        for sample in _data_samples(data_batch):
            skipped = sample.get('skipped_files', ())
            self.asked += 1  # a broken file that was to replace another one has its own turn
            self.skipped += bool(skipped)
            self.broken.update(skipped)
        if self.every_n_train_iters(runner, self.interval):
            self._stop_above_max_share(runner, self.min_files)

    def after_train_epoch(self, runner) -> None:
        asked, skipped = self._totals()
        known = set(self.reported)
        names = self._gather(runner)
        if self.broken:
            message = f'{skipped:,} of {asked:,} images of this epoch are broken and were replaced: '
            if known.issuperset(self.broken):
                print_log(f'{message}those that were named before', 'current')
            else:
                print_log(message + names, 'current', logging.WARNING)
        self._stop_above_max_share(runner, 1)

    def _stop_above_max_share(self, runner, min_files: int) -> None:
        asked, skipped = self._totals()
        # The totals are those of all processes, so all of them take the same way from here.
        if asked >= min_files and skipped > self.max_share * asked:
            raise ValueError(
                f'{skipped:,} of {asked:,} images are broken, more than max_share = '
                f'{self.max_share:.1%}: {self._gather(runner)}'
            )

    def _totals(self) -> list:
        """Images asked for, and those of them that were replaced, over all processes."""
        totals = torch.tensor([self.asked, self.skipped])
        all_reduce(totals)
        return totals.tolist()

    def _gather(self, runner) -> str:
        """Take over the broken files of all processes, write the list, and name the first of this epoch."""
        for broken in all_gather_object(self.broken):
            self.broken.update(broken)
        self.reported.update(self.broken)
        path = os.path.join(runner.work_dir, 'broken_images.txt')
        if self.broken and is_main_process():
            self._write_list(path)
        named = [
            f'{printable(name)} ({printable(reason)})' for name, reason in sorted(self.broken.items())[:NAMED_IN_LOG]
        ]
        more = len(self.broken) - len(named)
        return ', '.join(named) + (f' and {more:,} more' if more else '') + f'; all in {printable(path)}'

    def _write_list(self, path: str) -> None:
        with side_product(printable(path)), whole_file(path) as partial, open(partial, 'wb') as file:
            for name, reason in sorted(self.reported.items()):
                # The name's own bytes, for programs that read the list; but one line a file.
                line = os.fsencode(printable(name) if '\n' in name or '\t' in name else name)
                file.write(line + f'\t{printable(reason)}\n'.encode())


def _data_samples(data_batch: DATA_BATCH) -> Sequence:
    return data_batch.get('data_samples') or () if isinstance(data_batch, dict) else ()
