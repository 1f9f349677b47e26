"""What frozen features (N, F) know about faces, and the plain descriptors and guesses that they must beat.

Landmarks and ages by ridge regression, classes by logistic regression, identity by cosine: small linear tools, all of
scikit-learn, which need seconds and no choice of hyper-parameters by hand. They compare features with each other; a
fine-tuned network gets better numbers.

A whole feature map has thousands of numbers a face. Ridge regression of a thousand faces takes them all, as it works on
the faces' products with each other; for thousands of faces :func:`principal_components` come first.
"""

from typing import Dict, Sequence, Tuple

import cv2
import numpy as np

from ..face_alignment_metric import normalizing_distance
from ..verification_metric import verification

ALPHAS = np.logspace(0, 6, 13)
STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
COMPONENTS = 512
MEASURE = 2  # goes up when the same features get other numbers, so that results of before are not mixed with new ones


def hog(images: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients: 8 directions in 12 x 12 cells of the image at 96 px.

    Source: N. Dalal and B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005.

    Args:
        images: (N, H, W, 3) BGR uint8.

    Returns:
        (N, 3872) float32: blocks of 2 x 2 cells.

    Raises:
        ImportError: without scikit-image.
    """
    return hog_blocks(list(_grey(images, 96))).reshape(len(images), -1)


def hog_blocks(images: Sequence[np.ndarray]) -> np.ndarray:
    """HOG of grey images (H, W), block by block: (N, rows, columns, 2, 2, 8) float32.

    Raises:
        ImportError: without scikit-image.
    """
    try:
        from skimage.feature import hog as skimage_hog
    except ImportError:
        raise ImportError('HOG needs scikit-image: pip install scikit-image') from None
    return np.stack(
        [
            skimage_hog(image, orientations=8, pixels_per_cell=(8, 8), cells_per_block=(2, 2), feature_vector=False)
            for image in images
        ]
    ).astype(np.float32)


def raw_pixels(images: np.ndarray) -> np.ndarray:
    """The grey image itself at 32 px: (N, H, W, 3) BGR uint8 -> (N, 1024) float32 in [0, 1]."""
    return np.stack([image.ravel() for image in _grey(images, 32)]).astype(np.float32) / 255


def _grey(images: Sequence[np.ndarray], size: int):
    for image in images:
        yield cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (size, size), interpolation=cv2.INTER_AREA)


def principal_components(
    train: np.ndarray, test: np.ndarray, *, components: int = COMPONENTS
) -> Tuple[np.ndarray, np.ndarray]:
    """The directions in which standardised training features vary most, in place of more numbers than that.

    Every feature is standardised by the training faces first. The components keep their variances, so that a penalty
    prefers the large ones; they are scaled together to a mean variance of 1. Labels play no part.

    Args:
        train, test: features (N, F) and (M, F).
        components: at most. Defaults to 512. Fewer features than that are only standardised.

    Returns:
        (N, P) and (M, P), float32.
    """
    from sklearn.utils.extmath import randomized_svd

    train, test = standardised(train, test)  # in float32, which halves the time and the memory
    if train.shape[1] <= components:
        return train, test
    # PCA would copy the features to centre them. They are centred, and the maps of many faces take gigabytes.
    _, singular, directions = randomized_svd(train, min(components, *train.shape), random_state=0)
    scale = np.float32(np.sqrt(np.mean(singular**2) / max(len(train) - 1, 1)) or 1)
    return train @ directions.T / scale, test @ directions.T / scale


def standardised(train: np.ndarray, test: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Features (N, F) and (M, F) with the mean 0 and the deviation 1 over the training faces, float32.

    No training face is further than sqrt(N - 1) deviations from the mean, and no test face may be: of a feature that is 0
    for nearly all training faces, it could be thousands.
    """
    from sklearn.preprocessing import StandardScaler

    furthest = np.sqrt(len(train) - 1)
    train, test = (part.astype(np.float32, copy=False) for part in (train, test))
    scaler = StandardScaler()
    for start in range(0, len(train), 1024):  # all at once would be copied to float64
        scaler.partial_fit(train[start : start + 1024])
    train, test = scaler.transform(train), scaler.transform(test)
    return train, test.clip(-furthest, furthest, out=test)


def landmark_error(
    train: np.ndarray,
    train_landmarks: np.ndarray,
    test: np.ndarray,
    test_landmarks: np.ndarray,
    *,
    standardise: bool = True,
) -> float:
    """Error in percent of the inter-ocular distance of landmarks that a ridge regression reads from features.

    The penalty is the one of ``ALPHAS`` with the least leave-one-out error on the training faces.

    Args:
        train, test: features (N, F) and (M, F).
        train_landmarks, test_landmarks: (N, L, 2) and (M, L, 2), in pixels of the images that the features describe.
        standardise: False for features that are standardised, which is better done by more faces than have labels: of
            a feature that is seldom above 0, few faces do not tell the deviation. Defaults to True.

    Raises:
        ValueError: for landmarks that are not all labelled, or of an unknown mark-up.
    """
    from sklearn.linear_model import RidgeCV

    if not np.isfinite(train_landmarks).all():
        raise ValueError('landmark regression needs faces with all landmarks labelled')
    if standardise:
        train, test = standardised(train, test)
    regression = RidgeCV(ALPHAS)
    regression.fit(train.astype(np.float64), train_landmarks.reshape(len(train), -1))
    return _error(regression.predict(test.astype(np.float64)).reshape(test_landmarks.shape), test_landmarks)


def mean_shape_error(train_landmarks: np.ndarray, test_landmarks: np.ndarray) -> float:
    """Error, as in :func:`landmark_error`, of the training faces' mean landmarks as the answer for every face."""
    return _error(np.broadcast_to(train_landmarks.mean(axis=0), test_landmarks.shape), test_landmarks)


def _error(predicted: np.ndarray, landmarks: np.ndarray) -> float:
    distance = np.array([normalizing_distance(face, None, 'interocular') for face in landmarks])
    if not (np.isfinite(landmarks).all() and (distance > 0).all()):
        raise ValueError('test faces must have all landmarks labelled, and two eyes apart from each other')
    return float(100 * np.mean(np.linalg.norm(predicted - landmarks, axis=2).mean(axis=1) / distance))


def number_error(train: np.ndarray, train_numbers: np.ndarray, test: np.ndarray, test_numbers: np.ndarray) -> float:
    """Mean absolute error of numbers, such as ages, that a ridge regression reads from features.

    The penalty is the one of ``ALPHAS`` with the least leave-one-out error on the training faces.

    Args:
        train, test: features (N, F) and (M, F).
        train_numbers, test_numbers: (N, ) and (M, ).
    """
    from sklearn.linear_model import RidgeCV

    regression = RidgeCV(ALPHAS).fit(train.astype(np.float64), train_numbers)
    return float(np.abs(regression.predict(test.astype(np.float64)) - test_numbers).mean())


def linear_accuracy(
    train: np.ndarray,
    train_labels: np.ndarray,
    test: np.ndarray,
    test_labels: np.ndarray,
    *,
    seed: int = 0,
    standardise: bool = True,
) -> float:
    """Mean per-class (= balanced) accuracy in percent of a logistic regression on standardised features.

    Classes weigh the same, however many faces they have. The strength of the penalty is the one of ``STRENGTHS`` that is
    best on a fifth of the training faces; the regression then learns from all of them.

    Args:
        train, test: features (N, F) and (M, F).
        train_labels, test_labels: class of each face, (N, ) and (M, ).
        seed: which fifth. Defaults to 0.
        standardise: False for principal components, whose variances mean something. Defaults to True.

    Raises:
        ValueError: if there is one class only.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import GridSearchCV, StratifiedShuffleSplit

    classes, counts = np.unique(train_labels, return_counts=True)
    if len(classes) < 2:
        raise ValueError(f'classification needs at least two classes, got {len(classes)}')
    if standardise:
        train, test = standardised(train, test)
    probe = LogisticRegression(C=1e-2, class_weight='balanced', max_iter=500, tol=1e-3)
    if counts.min() >= 2 and len(train_labels) >= 5 * len(classes):  # enough for a fifth with every class in it
        probe = GridSearchCV(
            probe,
            dict(C=STRENGTHS),
            scoring='balanced_accuracy',
            cv=StratifiedShuffleSplit(1, test_size=0.2, random_state=seed),
        )
    probe.fit(train, train_labels)
    return float(100 * balanced_accuracy_score(test_labels, probe.predict(test)))


def pair_accuracy(features: np.ndarray, pairs: np.ndarray, same: np.ndarray, folds: np.ndarray) -> Dict[str, float]:
    """Whether two faces are of the same person, by the cosine of their features; see :func:`verification`.

    Args:
        features: (N, F).
        pairs: indices into the features, (P, 2).
        same: whether a pair shows one person, (P, ) bool.
        folds: fold of each pair, (P, ).

    Returns:
        ``accuracy``, ``accuracy_std``, ``tar@far=...`` and ``auc``, in percent.
    """
    unit = features / np.linalg.norm(features, axis=1, keepdims=True).clip(1e-12)
    first, second = unit[pairs[:, 0]], unit[pairs[:, 1]]
    return verification((first * second).sum(axis=1), same, folds, (0.1, 0.01))
