"""Ends a test whose model predicts values that are not finite: its metrics would look like any others."""

from typing import Any, Iterator, Sequence

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.structures import BaseDataElement


class FinitePredictions(Hook):
    """Looks at what a model predicts for each sample of a test: scores, keypoints, heatmaps, features.

    Raises:
        ValueError: for the first sample with a value that is infinite or not a number.
    """

    def after_test_iter(self, runner, batch_idx: int, data_batch: Any = None, outputs: Sequence = ()) -> None:
        for sample in outputs:
            if not isinstance(sample, (BaseDataElement, dict)):
                continue
            for name, value in sample.items():
                if not (name.startswith('pred') or name == 'feature'):
                    continue
                if not all(np.isfinite(numbers).all() for numbers in _numbers(value)):
                    raise ValueError(
                        f'the model gives values that are not finite (inf or nan), first in {name} of '
                        f'{sample.get("img_path", "a sample without a path")}: its weights have diverged, or its images '
                        'are not those it was trained on'
                    )


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
