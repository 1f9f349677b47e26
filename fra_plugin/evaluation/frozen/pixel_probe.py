"""A linear layer on frozen maps that names the class of each pixel.

The layer's scores are resized to the label map bilinearly. Resizing the map first would give the same scores, as both
steps are linear; so the layer learns from the resized map's values at some pixels of each face, and is applied to the
small map. It is a multinomial logistic regression of scikit-learn on standardised features, after at most 100 steps of
L-BFGS.
"""

import warnings
from typing import Optional

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from .probe import hog_blocks, principal_components

PIXEL_STRENGTHS = (1e-3, 1e-1, 1e1)


def hog_map(images: np.ndarray) -> np.ndarray:
    """HOG as a map: (N, H, W, 3) BGR uint8 -> (N, 32, 12, 12) float32, block by block.

    As :func:`hog`, of an image with a border of 4 pixels, so that the blocks' centres lie on a regular grid over the image.
    """
    grey = [
        cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (96, 96), interpolation=cv2.INTER_AREA) for image in images
    ]
    padded = [cv2.copyMakeBorder(image, 4, 4, 4, 4, cv2.BORDER_REPLICATE) for image in grey]
    blocks = hog_blocks(padded)  # (N, 12, 12, 2, 2, 8)
    return blocks.reshape(len(images), 12, 12, 32).transpose(0, 3, 1, 2)


def pixel_features(maps: np.ndarray, places: np.ndarray, size: int) -> np.ndarray:
    """The values of maps, as if resized bilinearly to ``size`` x ``size``, at some pixels.

    Args:
        maps: (N, C, h, w).
        places: numbers of the pixels, row by row, (N, P).
        size: side of the label maps in pixels.

    Returns:
        (N, P, C) float32.
    """
    rows, columns = places // size, places % size
    grid = torch.from_numpy(np.stack([columns, rows], axis=-1)).float()
    grid = (2 * grid + 1) / size - 1
    parts = []
    for start in range(0, len(maps), 256):
        part = torch.from_numpy(maps[start : start + 256].astype(np.float32))
        values = F.grid_sample(part, grid[start : start + 256, None], padding_mode='border', align_corners=False)
        parts.append(values[:, :, 0].transpose(1, 2).numpy())
    return np.concatenate(parts)


def predict_pixels(
    train: np.ndarray,
    train_labels: np.ndarray,
    test: np.ndarray,
    *,
    num_classes: int,
    pixels: int = 128,
    seed: int = 0,
) -> np.ndarray:
    """Label maps of test faces, by a linear layer that has learnt from training faces.

    The strength of the penalty is the one of ``PIXEL_STRENGTHS`` with the best mean IoU on a fifth of the training faces; the
    layer then learns from all of them.

    Args:
        train, test: maps (N, C, h, w) and (M, C, h, w).
        train_labels: (N, S, S), classes from 0 on.
        num_classes: of the labels.
        pixels: drawn from each training face. Defaults to 128.
        seed: of the draw. Defaults to 0.

    Returns:
        (M, S, S) uint8.
    """
    size, channels = train_labels.shape[1], train.shape[1]
    rng = np.random.default_rng(seed)
    places = rng.integers(0, size**2, (len(train), pixels))
    labels = np.take_along_axis(train_labels.reshape(len(train), -1), places, axis=1).ravel()
    features = pixel_features(train, places, size).reshape(-1, channels)
    cells = test.astype(np.float32).transpose(0, 2, 3, 1).reshape(-1, channels)
    features, cells = principal_components(features, cells)
    groups = np.repeat(np.arange(len(train)), pixels)
    scores = np.full((len(cells), num_classes), -1e9, np.float32)
    layer = _fit(features, labels, groups, seed)
    if layer is None:  # one class only
        scores[:, labels[0]] = 0
    else:
        found = layer.decision_function(cells)
        # Of two classes scikit-learn gives one score, which is that of the second against 0.
        scores[:, layer.classes_] = found if found.ndim == 2 else np.stack([np.zeros_like(found), found], axis=1)
    scores = scores.reshape(len(test), *test.shape[2:], num_classes).transpose(0, 3, 1, 2)
    return np.concatenate([_winner(scores[start : start + 64], size) for start in range(0, len(scores), 64)])


def _winner(scores: np.ndarray, size: int) -> np.ndarray:
    """Scores (B, C, h, w) -> the class that wins at each of size x size pixels, uint8."""
    resized = F.interpolate(torch.from_numpy(np.ascontiguousarray(scores)), (size, size), mode='bilinear')
    return resized.argmax(1).to(torch.uint8).numpy()


def _fit(features: np.ndarray, labels: np.ndarray, groups: np.ndarray, seed: int) -> Optional[object]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, GroupShuffleSplit

    if len(np.unique(labels)) < 2:
        return None
    layer = LogisticRegression(C=PIXEL_STRENGTHS[1], max_iter=100, tol=1e-3)
    split = GroupShuffleSplit(1, test_size=0.2, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', ConvergenceWarning)
        if groups[-1] >= 4 and len(np.unique(labels[next(split.split(labels, groups=groups))[0]])) > 1:
            search = GridSearchCV(layer, dict(C=PIXEL_STRENGTHS), scoring='jaccard_macro', cv=split)
            return search.fit(features, labels, groups=groups).best_estimator_
        return layer.fit(features, labels)
