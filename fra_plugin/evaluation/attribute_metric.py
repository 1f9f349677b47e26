"""What papers on face attributes report: accuracy, balanced accuracy and F1 of each attribute, and their means."""

from typing import Dict, List, Optional, Sequence

import torch
from mmengine.evaluator import BaseMetric
from mmpretrain.evaluation import MultiLabelMetric
from mmpretrain.registry import METRICS


@METRICS.register_module()
class AttributeMetric(BaseMetric):
    """Score in [0, 1] and truth (0 or 1) of each face's attributes -> results in percent.

    With the prefix 'attribute': ``accuracy``, the mean over attributes that CelebA papers report, ``balanced_accuracy``
    and ``f1``, and all three for each attribute, as ``accuracy/Smiling``. Balanced accuracy (the mean of the accuracies
    among those who have the attribute and those who don't) and F1 are left out for an attribute that everybody has or
    nobody, and from the means.

    Example:
        >>> dict(type='AttributeMetric', per_attribute=False)

    Args:
        threshold: scores of at least this much count as having the attribute. Defaults to 0.5.
        per_attribute: give the results of each attribute too. Defaults to True.
        collect_device: 'cpu' or 'gpu', how processes exchange results. Defaults to 'cpu'.
        prefix: of the results' names. Defaults to None, 'attribute'.

    Raises:
        ValueError: if ``threshold`` is not in (0, 1).
    """

    default_prefix = 'attribute'

    def __init__(
        self,
        threshold: float = 0.5,
        per_attribute: bool = True,
        collect_device: str = 'cpu',
        prefix: Optional[str] = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if not 0 < threshold < 1:
            raise ValueError(f'threshold must be in (0, 1), got {threshold}')
        self.threshold = threshold
        self.per_attribute = per_attribute

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        for sample in data_samples:
            predicted = sample['pred_score'] >= self.threshold
            self.results.append((predicted.cpu(), (sample['gt_score'] > 0.5).cpu()))

    def compute_metrics(self, results: List[tuple]) -> Dict[str, float]:
        predicted, truth = (torch.stack(column) for column in zip(*results))
        by_kind = attribute_scores(predicted, truth)
        names = (self.dataset_meta or {}).get('classes') or [str(index) for index in range(truth.shape[1])]
        metrics = {kind: values.nanmean().item() for kind, values in by_kind.items()}
        if self.per_attribute:
            metrics.update(
                {
                    f'{kind}/{name}': value
                    for kind, values in by_kind.items()
                    for name, value in zip(names, values.tolist())
                    if value == value
                }
            )
        return metrics


def attribute_scores(predicted: torch.Tensor, truth: torch.Tensor) -> Dict[str, torch.Tensor]:
    """Percentages of each attribute from booleans (faces, attributes); NaN where a percentage means nothing.

    Recalls and F1 are mmpretrain's, which has no accuracy of labels and calls undefined values 0.
    """
    _, found, f1, have = MultiLabelMetric.calculate(predicted.double(), truth, average=None)
    _, rejected, _, lack = MultiLabelMetric.calculate(1 - predicted.double(), ~truth, average=None)
    defined = (have > 0) & (lack > 0)
    undefined = torch.full_like(f1, float('nan'))
    return dict(
        accuracy=100 * (predicted == truth).double().mean(dim=0),
        balanced_accuracy=torch.where(defined, (found + rejected) / 2, undefined),
        f1=torch.where(defined, f1, undefined),
    )
