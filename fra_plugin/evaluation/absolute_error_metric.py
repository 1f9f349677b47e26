"""Errors of predicted numbers: ages in years, angles in degrees, intensities.

Source: the cumulative score is that of X. Geng, Z.-H. Zhou and K. Smith-Miles, "Automatic Age Estimation Based on Facial
Aging Patterns", TPAMI 2007; the expectation over classes that of R. Rothe, R. Timofte and L. Van Gool, "Deep Expectation
of Real and Apparent Age from a Single Image Without Facial Landmarks" (DEX), IJCV 2018.
"""

from typing import Dict, List, Optional, Sequence, Tuple

import torch
from mmengine.evaluator import BaseMetric
from mmpretrain.registry import METRICS


@METRICS.register_module()
class AbsoluteErrorMetric(BaseMetric):
    """Predicted and true numbers of each face -> mean absolute error, and the share of faces with a small one.

    With the prefix 'error': ``mae``, the mean over faces and numbers in the units of the data; ``mae/yaw`` and so on where
    a face has several numbers, by the names of the data set's classes; ``cs@5``, the cumulative score: percent of the
    faces none of whose errors is above 5. Of a classifier whose classes are numbers, the expectation over its
    probabilities is the prediction, and the true class the truth.

    Example:
        >>> dict(type='AbsoluteErrorMetric', tolerances=(5,), prefix='age')

    Args:
        tolerances: errors at which the cumulative score is taken, at least 0. Defaults to ().
        collect_device: 'cpu' or 'gpu', how processes exchange results. Defaults to 'cpu'.
        prefix: of the results' names. Defaults to None, 'error'.

    Raises:
        ValueError: if a tolerance is below 0 or infinite, a sample has no predicted or true numbers, or the classes of a
            classifier are not numbers.
    """

    default_prefix = 'error'

    def __init__(
        self, tolerances: Sequence[float] = (), collect_device: str = 'cpu', prefix: Optional[str] = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if not all(0 <= tolerance < float('inf') for tolerance in tolerances):
            raise ValueError(f'tolerances must be at least 0, got {tuple(tolerances)}')
        self.tolerances = tuple(tolerances)

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        for sample in data_samples:
            truth = sample.get('gt_score', sample.get('gt_label'))
            if truth is None or 'pred_score' not in sample:
                raise ValueError(
                    f'{sample.get("img_path", "a sample")}: AbsoluteErrorMetric needs pred_score, and gt_score or '
                    f'gt_label; got {", ".join(sorted(sample))}'
                )
            predicted = sample['pred_score'].double().cpu()
            self.results.append((predicted, truth.cpu(), 'gt_score' not in sample))

    def compute_metrics(self, results: List[Tuple[torch.Tensor, torch.Tensor, bool]]) -> Dict[str, float]:
        predicted, truth, of_classes = zip(*results)
        predicted, truth = torch.stack(predicted), torch.stack(truth)
        names = list((self.dataset_meta or {}).get('classes') or [])
        if any(of_classes):
            values = class_values(names, predicted.shape[1])
            predicted, truth, names = (predicted @ values)[:, None], values[truth], []
        errors = (predicted - truth.double()).abs()
        metrics = dict(mae=errors.mean().item())
        if errors.shape[1] > 1:
            names = names or list(map(str, range(errors.shape[1])))
            metrics.update({f'mae/{name}': value for name, value in zip(names, errors.mean(dim=0).tolist())})
        largest = errors.amax(dim=1)
        for tolerance in self.tolerances:
            metrics[f'cs@{tolerance:g}'] = 100 * (largest <= tolerance).double().mean().item()
        return metrics


def class_values(names: Sequence[str], num_classes: int) -> torch.Tensor:
    """The numbers (C,) that the classes stand for.

    Raises:
        ValueError: if the names are not numbers, or not as many as there are probabilities.
    """
    try:
        values = torch.tensor([float(name) for name in names], dtype=torch.float64)
    except ValueError as error:
        raise ValueError(f'an error needs classes that are numbers, such as ages: {error}') from None
    if len(values) != num_classes:
        raise ValueError(f'the model has {num_classes} classes, the data set names {len(values)}')
    return values
