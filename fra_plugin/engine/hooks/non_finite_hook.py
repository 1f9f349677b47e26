"""Counts the steps that were left out because they were not finite, and ends a run that takes no others."""

import json
import os
from typing import Dict, List, Optional

from mmengine.dist import all_gather_object, broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from ...files.atomic_backend import AtomicBackend


@HOOKS.register_module()
class NonFiniteHook(Hook):
    """Logs ``left_out_steps`` of ReliableTrainLoop, and after too many in a row keeps the evidence and stops.

    The evidence lies in ``work_dir/non_finite``: ``iter_N.json`` (losses, and the files of the batch on each process) and
    ``iter_N.pth``, a checkpoint from before the step: a run resumed from it begins with that very batch.

    Example:
        >>> dict(type='NonFiniteHook', max_in_a_row=100)

    Args:
        max_in_a_row: at least 1. The loss scaler of mixed precision starts too high and leaves out a few steps at the
            beginning of every run, and a few now and then. Defaults to 30.

    Raises:
        ValueError: for ``max_in_a_row`` below 1; before training, if the train loop is another one.
        RuntimeError: from the training loop, on all processes: too many steps in a row.
    """

    priority = 'ABOVE_NORMAL'  # before the schedulers step

    def __init__(self, max_in_a_row: int = 30) -> None:
        if max_in_a_row < 1:
            raise ValueError(f'max_in_a_row must be at least 1, got {max_in_a_row}')
        self.max_in_a_row = max_in_a_row
        self._files: List[str] = []

    def before_train(self, runner) -> None:
        if not hasattr(getattr(runner.train_loop, 'steps', None), 'left_out'):
            raise ValueError(
                'NonFiniteHook needs train_cfg.type ReliableTrainLoop and one optimizer, '
                f'got {type(runner.train_loop).__name__} and {type(runner.optim_wrapper).__name__}'
            )

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs: Optional[dict] = None) -> None:
        steps = runner.train_loop.steps
        self._files += _files(data_batch)
        if steps.left_out:
            runner.logger.warning(
                f'Iteration {runner.iter + 1}: loss or gradient is not finite, the step is left out '
                f'({steps.in_a_row} in a row, {steps.total} in this run)'
            )
            if steps.in_a_row >= self.max_in_a_row:  # on all processes: they leave out the same steps
                self._stop(runner, outputs or {})
        if steps.should_update():
            self._files = []
        runner.message_hub.update_scalar('train/left_out_steps', steps.total)

    def _stop(self, runner, outputs: Dict) -> None:
        folder = os.path.join(runner.work_dir, 'non_finite')
        name = f'iter_{runner.iter + 1}'
        first = runner.iter + 1 - runner.train_loop.steps._accumulative_counts  # iterations before the accumulation
        losses = {key: str(float(value)) for key, value in outputs.items()}  # JSON has no NaN
        gathered = all_gather_object(dict(losses=losses, files=self._files))
        evidence = [
            f'{folder}/{name}.json names the losses and the files of the batch, {name}.pth beside it is the state before it'
        ]
        if is_main_process():
            report = dict(iteration=runner.iter + 1, epoch=runner.epoch + 1, processes=gathered)
            try:
                AtomicBackend().put_text(json.dumps(report, indent=1), os.path.join(folder, f'{name}.json'))
                runner.save_checkpoint(
                    folder,
                    f'{name}.pth',
                    meta=dict(epoch=runner.epoch, iter=max(first, 0)),
                    by_epoch=False,
                    backend_args=dict(backend='atomic'),
                )
            except Exception as error:  # the run ends for another reason, and the other processes wait
                evidence = [f'the evidence could not be written to {folder}: {error}']
        broadcast_object_list(evidence)
        raise RuntimeError(
            f'the loss or the gradient was not finite in {self.max_in_a_row} steps in a row, up to iteration '
            f'{runner.iter + 1}: {evidence[0]}. The last checkpoint is still good. Look at these images, lower the '
            'learning rate or lengthen the warm-up, and resume.'
        )


def _files(data_batch) -> List[str]:
    samples = data_batch.get('data_samples') or [] if isinstance(data_batch, dict) else []
    return [str(sample.get('img_path', sample.get('sample_idx', '?'))) for sample in samples]
