"""What papers on face parsing report: F1 of each part and its mean, and the mean IoU."""

from typing import Dict, List, Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmpretrain.registry import METRICS

from .parsing_scores import count_pixels, parsing_scores


@METRICS.register_module()
class ParsingMetric(BaseMetric):
    """Predicted and true label map of each face -> percentages of all pixels together, see :func:`parsing_scores`.

    With the prefix 'parsing': ``mIoU``, ``mF1`` (without the background), and F1 of each class, as ``F1/nose``.

    Example:
        >>> dict(type='ParsingMetric')

    Args:
        collect_device: 'cpu' or 'gpu', how processes exchange results. Defaults to 'cpu'.
        prefix: of the results' names. Defaults to None, 'parsing'.

    Raises:
        ValueError: when called, if the data set does not name its classes.
    """

    default_prefix = 'parsing'

    def __init__(self, collect_device: str = 'cpu', prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)

    @property
    def _classes(self) -> Sequence[str]:
        classes = (self.dataset_meta or {}).get('classes')
        if not classes:
            raise ValueError('ParsingMetric needs a data set that names its classes')
        return classes

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        for sample in data_samples:
            predicted, truth = (np.asarray(sample[key]) for key in ('pred_seg_map', 'gt_seg_map'))
            self.results.append(count_pixels(predicted, truth, len(self._classes)))

    def compute_metrics(self, results: List[np.ndarray]) -> Dict[str, float]:
        scores = parsing_scores(np.sum(results, axis=0), self._classes)
        return {name.replace('F1 ', 'F1/'): value for name, value in scores.items()}
