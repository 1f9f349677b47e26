"""How well label maps agree: intersection over union and F1 of each class, from counts of pixels."""

from typing import Dict, Sequence

import numpy as np


def count_pixels(predicted: np.ndarray, truth: np.ndarray, num_classes: int) -> np.ndarray:
    """(C, C) int64: pixels of each class (row) that were given each class (column).

    Args:
        predicted, truth: classes from 0 to C - 1, of equal shapes.
        num_classes: C.
    """
    pairs = truth.astype(np.int64).ravel() * num_classes + predicted.ravel()
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def parsing_scores(counts: np.ndarray, classes: Sequence[str]) -> Dict[str, float]:
    """Scores in percent of all pixels together.

    Args:
        counts: (C, C), see :func:`count_pixels`.
        classes: C names, that of the background first.

    Returns:
        ``mIoU``, the mean over the classes; ``mF1``, the mean over the classes without the background, as LaPa's and
        CelebAMask-HQ's papers have it; ``F1 NAME`` of each class. A class that neither the faces nor the predictions have
        is left out.
    """
    hits, union = np.diag(counts), counts.sum(0) + counts.sum(1) - np.diag(counts)
    there = union > 0
    iou = 100 * hits[there] / union[there]
    f1 = 200 * hits[there] / (union + hits)[there]
    by_class = {f'F1 {name}': float(value) for name, value in zip(np.array(classes)[there], f1)}
    parts = [value for name, value in by_class.items() if name != f'F1 {classes[0]}']
    return dict(mIoU=float(np.mean(iou)), mF1=float(np.mean(parts)) if parts else 0.0, **by_class)
