"""How much better one method is than another, from runs in pairs: same seed, same data, same order."""

from typing import Tuple

import numpy as np


def paired_difference(first: np.ndarray, second: np.ndarray, *, level: float = 0.95) -> Tuple[float, float, float]:
    """Mean of ``first - second`` and its confidence interval by Student's t.

    What a seed does to both runs of a pair cancels, so few runs tell more than the spreads of both methods do.

    Args:
        first, second: numbers of the runs, (N, ) each, pair by pair; N at least 2.
        level: of the interval, in (0, 1). Defaults to 0.95.

    Returns:
        Mean, and the lower and the upper end.

    Raises:
        ValueError: for less than two pairs, or unequal numbers of runs.
    """
    from scipy.stats import t

    difference = np.asarray(first, float) - np.asarray(second, float) if len(first) == len(second) else np.empty(0)
    if len(difference) < 2:
        raise ValueError(f'expected at least two runs of each method, in pairs, got {len(first)} and {len(second)}')
    mean, error = difference.mean(), difference.std(ddof=1) / len(difference) ** 0.5
    margin = t.ppf((1 + level) / 2, len(difference) - 1) * error
    return float(mean), float(mean - margin), float(mean + margin)
