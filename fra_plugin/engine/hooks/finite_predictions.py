"""Predictions that are not finite: the metrics made of them look like any others."""

from typing import Any, Iterator, Optional, Sequence

import numpy as np
import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import Hook
from mmengine.structures import BaseDataElement

from ...files.printable import printable
from ...processes import on_all


class FinitePredictions(Hook):
    """Looks at what a model predicts for each sample: scores, keypoints, heatmaps, features.

    In a test, the first sample with a value that is infinite or not a number is an error, on all processes once they have
    done their last batch. After a validation, the log has a warning, as the training may come right again.

    Raises:
        ValueError: from a test.
    """

    def __init__(self) -> None:
        self._strange = 0
        self._first = ''
        self._error: Optional[ValueError] = None

    def after_test_iter(self, runner, batch_idx: int, data_batch: Any = None, outputs: Sequence = ()) -> None:
        for sample in outputs:
            name = _not_finite(sample)
            if name is not None and self._error is None:
                self._error = ValueError(
                    f'the model gives values that are not finite (inf or nan), first in {name} of {_path(sample)}: its '
                    'weights have diverged, or its images are not those it was trained on'
                )
        # The others would wait for the results of a process that has ended.
        if get_world_size() == 1 or batch_idx == len(runner.test_dataloader) - 1:
            on_all(self._raise)

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def after_val_iter(self, runner, batch_idx: int, data_batch: Any = None, outputs: Sequence = ()) -> None:
        for sample in outputs:
            name = _not_finite(sample)
            if name is not None:
                self._strange += 1
                self._first = self._first or f', such as {name} of {_path(sample)}'

    def after_val_epoch(self, runner, metrics: Any = None) -> None:
        strange = torch.tensor(self._strange)
        all_reduce(strange)
        if strange:
            runner.logger.warning(
                f'The numbers of this validation mean nothing: {int(strange):,} predictions are not finite (inf or nan)'
                + self._first
            )
        self._strange, self._first = 0, ''


def _not_finite(sample: Any) -> Optional[str]:
    """Name of the first prediction of a sample that is not finite."""
    for name, value in sample.items() if isinstance(sample, (BaseDataElement, dict)) else ():
        is_prediction = name.startswith('pred') or name == 'feature'
        if is_prediction and not all(np.isfinite(numbers).all() for numbers in _numbers(value)):
            return name
    return None


def _path(sample: Any) -> str:
    return printable(sample.get('img_path') or 'a sample without a path')


def _numbers(value: Any) -> Iterator[np.ndarray]:
    """Every array of floating-point numbers in a prediction."""
    if isinstance(value, (BaseDataElement, dict)):
        for part in value.values():
            yield from _numbers(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _numbers(part)
    elif isinstance(value, torch.Tensor) and value.is_floating_point():
        yield value.detach().float().cpu().numpy()
    elif isinstance(value, (np.ndarray, float)) and np.issubdtype(np.asarray(value).dtype, np.floating):
        yield np.asarray(value)
