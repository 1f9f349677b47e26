"""Face verification by LFW's protocol: are two images of the same person?

Source: G. B. Huang et al., "Labeled Faces in the Wild", technical report 07-49, University of Massachusetts, 2007, for
the ten folds; true accept rate (TAR) at a false accept rate (FAR) as in the IJB benchmarks.
"""

from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmpretrain.registry import METRICS


@METRICS.register_module()
class VerificationMetric(BaseMetric):
    """Feature (C,) of each image -> cosine of each pair -> accuracy over folds, TAR at FAR, area under the curve.

    The pairs are those of the data set (:class:`FacePairs`), the features those that :class:`FeatureHead` gives. The
    results, in percent and with the prefix 'verification': ``accuracy`` (mean over folds), ``accuracy_std`` (standard
    deviation over folds), ``tar@far=0.1`` and so on, ``auc``.

    Example:
        >>> dict(type='VerificationMetric', far=(0.1, 0.01))

    Args:
        far: false accept rates, in (0, 1). Defaults to (1e-1, 1e-2, 1e-3).
        folds: number of folds where the list of pairs names none. Defaults to 10.
        collect_device: 'cpu' or 'gpu', how processes exchange results. Defaults to 'cpu'.
        prefix: of the results' names. Defaults to None, 'verification'.

    Raises:
        ValueError: if ``far`` is not in (0, 1), ``folds`` is below 2, or the data set has no pairs.
    """

    default_prefix = 'verification'

    def __init__(
        self,
        far: Sequence[float] = (1e-1, 1e-2, 1e-3),
        folds: int = 10,
        collect_device: str = 'cpu',
        prefix: Optional[str] = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if not all(0 < rate < 1 for rate in far):
            raise ValueError(f'far must be in (0, 1), got {tuple(far)}')
        if folds < 2:
            raise ValueError(f'folds must be at least 2, got {folds}')
        self.far = tuple(far)
        self.folds = folds

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        for sample in data_samples:
            self.results.append((sample['sample_idx'], sample['feature'].float().cpu()))

    def compute_metrics(self, results: List[Tuple[int, torch.Tensor]]) -> Dict[str, float]:
        pairs = (self.dataset_meta or {}).get('pairs')
        if not pairs:
            raise ValueError('VerificationMetric needs a data set with pairs, such as FacePairs')
        by_image = dict(results)
        features = F.normalize(torch.stack([by_image[index] for index in range(len(by_image))]), dim=1)
        first, second, same, folds = zip(*pairs)
        similarity = (features[list(first)] * features[list(second)]).sum(dim=1).double().numpy()
        return verification(similarity, np.array(same), self._folds(folds, same), self.far)

    def _folds(self, folds: Sequence[Optional[int]], same: Sequence[bool]) -> np.ndarray:
        """The list's folds, or as many pairs of each kind in each of ``self.folds`` folds, in the list's order."""
        if None not in folds:
            return np.array(folds)
        rank = np.empty(len(same), dtype=np.int64)
        for kind in (True, False):
            members = np.flatnonzero(np.array(same) == kind)
            rank[members] = np.arange(len(members)) * self.folds // max(len(members), 1)
        return rank


def verification(similarity: np.ndarray, same: np.ndarray, folds: np.ndarray, far: Sequence[float]) -> Dict[str, float]:
    """LFW's protocol, in percent.

    Args:
        similarity: of each pair, higher for the same person, (P,).
        same: whether it is the same person, (P,) bool.
        folds: fold of each pair, (P,). Each fold is judged by the threshold that is best on the others.
        far: false accept rates. The TAR is that of the lowest threshold which keeps the rate at or under this one.

    Raises:
        ValueError: if all pairs are of one kind, or there is only one fold.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    same = same.astype(bool)
    if same.all() or not same.any():
        raise ValueError(
            f'verification needs pairs of the same person and of two, got {same.sum()} of {len(same)} '
            'of the same person'
        )
    if len(np.unique(folds)) < 2:
        raise ValueError('verification needs at least two folds, got one')
    accuracy = []
    for fold in np.unique(folds):
        threshold = best_threshold(similarity[folds != fold], same[folds != fold])
        accuracy.append(np.mean((similarity[folds == fold] >= threshold) == same[folds == fold]))
    metrics = dict(accuracy=100 * np.mean(accuracy), accuracy_std=100 * np.std(accuracy, ddof=1))

    false_accepts, true_accepts, _ = roc_curve(same, similarity, drop_intermediate=False)
    for rate in far:
        if rate * np.sum(~same) < 1:
            MMLogger.get_current_instance().warning(
                f'verification: {np.sum(~same):,} pairs of two persons are too few for a FAR of {rate:g}: '
                'the TAR is that without any false accept'
            )
        metrics[f'tar@far={rate:g}'] = 100 * true_accepts[false_accepts <= rate].max()
    metrics['auc'] = 100 * roc_auc_score(same, similarity)
    return {name: float(value) for name, value in metrics.items()}


def best_threshold(similarity: np.ndarray, same: np.ndarray) -> float:
    """The threshold of the highest accuracy, halfway between two neighbouring similarities; the lowest of equals."""
    values, inverse = np.unique(similarity, return_inverse=True)
    # Raising the threshold above a value rejects its pairs: rightly if they show two persons.
    gain = np.bincount(inverse, weights=np.where(same, -1, 1), minlength=len(values))
    correct = np.concatenate([[0], np.cumsum(gain)])
    edges = np.concatenate([[values[0] - 1], (values[1:] + values[:-1]) / 2, [values[-1] + 1]])
    return float(edges[np.argmax(correct)])
