"""Checkpoints that are there whole or not at all, inside epochs too."""

import os
import time
from contextlib import suppress
from glob import escape, glob
from typing import Dict, Optional, Tuple

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.registry import HOOKS

from ...checkpoints.whole_checkpoint import newest_whole_checkpoint
from ...files import atomic_backend  # noqa: F401  registers the backend
from ...processes import on_all

INSIDE_EPOCH = 'iter_{}.pth'
KEEP_INSIDE_EPOCH = 2


@HOOKS.register_module()
class ReliableCheckpointHook(CheckpointHook):
    """CheckpointHook whose files a kill or a full disk can't spoil.

    - A checkpoint, and then ``last_checkpoint``, takes the place of the former one only when it is on the disk; older ones
      are removed after that.
    - A checkpoint that can't be written is an error in the log, and training goes on; if the last one can't, or the one
      of the best score, training ends with that error.
    - ``save_best`` removes the former best checkpoint when the new one is on the disk.
    - ``resume=True`` goes on from ``last_checkpoint``, or if that is damaged from the newest whole one.
    - Inside an epoch: every ``iter_interval`` iterations, every ``minute_interval`` minutes, and where a hook ends
      training (StopSignalHook). The latest two of these are kept, as ``iter_N.pth``.

    With gradient accumulation it waits until the accumulated gradient was used, as checkpoints don't hold gradients.

    Example:
        >>> dict(type='ReliableCheckpointHook', interval=1, max_keep_ckpts=3, iter_interval=500)

    Args:
        iter_interval: iterations, at least 1. Defaults to None, not by iterations.
        minute_interval: minutes, above 0, by the first process's clock. Defaults to 30. None: not by the clock.
        **kwargs: as CheckpointHook; ``backend_args`` defaults to ``dict(backend='atomic')``.

    Raises:
        ValueError: for an interval out of its range; before training, if there are checkpoints and none is whole.
        OSError: at the end of training, if the last checkpoint could not be written.
    """

    def __init__(
        self, *args, iter_interval: Optional[int] = None, minute_interval: Optional[float] = 30, **kwargs
    ) -> None:
        for name, value, least in (('iter_interval', iter_interval, 1), ('minute_interval', minute_interval, 1e-9)):
            if value is not None and not value >= least:
                raise ValueError(f'{name} must be {"at least 1" if least == 1 else "above 0"} or None, got {value}')
        super().__init__(*args, **kwargs)
        self.backend_args = self.backend_args or dict(backend='atomic')
        self.iter_interval = iter_interval
        self.minute_interval = minute_interval
        self._due = False
        self._saved_at = time.monotonic()
        self._failure: Optional[Exception] = None
        self._lost_best: Dict[str, Tuple[float, Exception]] = {}  # scores whose checkpoint could not be written

    def before_run(self, runner) -> None:
        """Choose the checkpoint that ``resume=True`` goes on from."""
        if not runner._resume or runner._load_from is not None:
            return
        chosen = [None]
        if is_main_process():
            try:
                chosen = [
                    newest_whole_checkpoint(
                        self._folder(runner),
                        [self.filename_tmpl.format('*'), INSIDE_EPOCH.format('*')],
                        runner.work_dir,
                    )
                ]
            except (OSError, ValueError) as error:
                chosen = [error]  # the other processes wait for it
        broadcast_object_list(chosen)
        if isinstance(chosen[0], Exception):
            raise chosen[0]
        runner._load_from = chosen[0]

    def before_train(self, runner) -> None:
        """Remove what a killed run had half written."""
        super().before_train(runner)
        self._saved_at = time.monotonic()
        if is_main_process():
            for name in (self.filename_tmpl.format('*'), INSIDE_EPOCH.format('*'), 'best_*.pth', 'last_checkpoint'):
                for path in glob(os.path.join(escape(self.out_dir), f'.*.partial-{name}')):
                    with suppress(OSError):  # another process is at it, or may not
                        os.remove(path)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        """Save if one is due and no gradient is pending."""
        if not self.by_epoch and (
            self.every_n_train_iters(runner, self.interval, self.save_begin)
            or (self.save_last and self.is_last_train_iter(runner))
        ):
            self._due = True
        if self.iter_interval and self.every_n_train_iters(runner, self.iter_interval):
            self._due = True
        # Only the first process saves, so the others need not agree with its clock.
        if self.minute_interval and time.monotonic() - self._saved_at >= 60 * self.minute_interval:
            self._due = True
        if (self._due or runner.train_loop.stop_training) and not self._gradient_is_pending(runner):
            self._save_inside(runner, runner.iter + 1)

    def after_train_epoch(self, runner) -> None:
        """As CheckpointHook, or a few iterations later."""
        if self.by_epoch and self._gradient_is_pending(runner):
            self._due = self._due or self.every_n_epochs(runner, self.interval, self.save_begin)
        else:
            super().after_train_epoch(runner)

    def after_train(self, runner) -> None:
        on_all(self._raise_failure)
        super().after_train(runner)

    def _raise_failure(self) -> None:
        for error in (self._failure, *(error for _, error in self._lost_best.values())):
            if error is not None:
                raise error

    def _save_inside(self, runner, iteration: int) -> None:
        runner.logger.info(f'Saving checkpoint at {iteration} iterations')
        meta = dict(epoch=runner.epoch, iter=iteration)
        if self.by_epoch:
            self._save(runner, INSIDE_EPOCH, iteration, meta, 'keep_iter_ids', KEEP_INSIDE_EPOCH)
        else:
            self._save_checkpoint_with_step(runner, iteration, meta)

    def _save_checkpoint_with_step(self, runner, step, meta) -> None:
        self._save(runner, self.filename_tmpl, step, meta, 'keep_ckpt_ids', self.max_keep_ckpts)

    def _save_best_checkpoint(self, runner, metrics) -> None:
        if not self.save_best:
            return
        infos = runner.message_hub.runtime_info
        former_infos = {name: value for name, value in infos.items() if name.startswith('best_')}
        former = self._best_paths()
        self._set_best_paths(dict.fromkeys(former))  # or it would be removed before the new one is written
        try:
            super()._save_best_checkpoint(runner, metrics)
        except OSError as error:  # on the first process, while the others go on
            for name in [name for name in infos if name.startswith('best_')]:
                infos.pop(name)
            infos.update(former_infos)
            self._set_best_paths(former)
            self._lost_best.update({key: (metrics[key], error) for key in self.key_indicators})
            self._tell(runner, error)
            return
        former = dict(zip(self.key_indicators, former.values()))  # 'auto' has become a name
        saved = {key: path for key, path in self._best_paths().items() if path is not None}
        self._set_best_paths({**former, **saved})
        for key, path in saved.items():
            if key in self._lost_best and not self.is_better_than[key](self._lost_best[key][0], metrics[key]):
                del self._lost_best[key]
            if is_main_process() and former.get(key) not in (None, path):
                with suppress(OSError):
                    self.file_backend.remove(former[key])

    def _best_paths(self) -> Dict[str, Optional[str]]:
        return (
            dict(self.best_ckpt_path_dict)
            if len(self.key_indicators) > 1
            else {self.key_indicators[0]: self.best_ckpt_path}
        )

    def _set_best_paths(self, paths: Dict[str, Optional[str]]) -> None:
        if len(self.key_indicators) > 1:
            self.best_ckpt_path_dict = dict(paths)
        else:
            self.best_ckpt_path = next(iter(paths.values()))

    def _save(self, runner, template: str, step: int, meta: dict, list_name: str, keep: int) -> None:
        """Write a checkpoint, name it in ``last_checkpoint``, and only then remove the oldest."""
        hub = runner.message_hub
        former = list(hub.runtime_info.get(list_name, []))
        steps = [old for old in former if old != step] + [step]
        outdated = steps[:-keep] if keep > 0 else []
        hub.update_info(list_name, steps[len(outdated) :])
        path = self.file_backend.join_path(self.out_dir, template.format(step))
        hub.update_info('last_ckpt', path)
        self._due = False
        self._saved_at = time.monotonic()
        try:
            runner.save_checkpoint(
                self.out_dir,
                template.format(step),
                self.file_client_args,
                save_optimizer=self.save_optimizer,
                save_param_scheduler=self.save_param_scheduler,
                meta=meta,
                by_epoch=self.by_epoch,
                backend_args=self.backend_args,
                **self.args,
            )
            if is_main_process():
                self.file_backend.put_text(path, os.path.join(runner.work_dir, 'last_checkpoint'))
        except Exception as error:  # on the first process, while the others go on
            hub.update_info(list_name, former)
            hub.update_info('last_ckpt', self.last_ckpt)
            self._failure = error
            self._tell(runner, error)
            return
        self.last_ckpt = path
        self._failure = None
        for old in outdated if is_main_process() else []:
            old_path = self.file_backend.join_path(self.out_dir, template.format(old))
            with suppress(OSError):
                self.file_backend.remove(old_path)

    def _tell(self, runner, error: Exception) -> None:
        runner.logger.error(
            f'The checkpoint could not be written: {error}. The last one on the disk is {self.last_ckpt}; '
            'training goes on, and the next one may work if there is space by then.'
        )

    def _folder(self, runner) -> str:
        if self.out_dir is None or self.out_dir == runner.work_dir:
            return runner.work_dir
        return os.path.join(self.out_dir, os.path.basename(runner.work_dir.rstrip(os.sep)))

    @staticmethod
    def _gradient_is_pending(runner) -> bool:
        return not getattr(runner.optim_wrapper, 'should_update', lambda: True)()
