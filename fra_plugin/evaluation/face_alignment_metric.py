"""Face alignment numbers: normalised mean error, failure rate and area under the error curve.

Source: the protocols of 300W (Sagonas et al., 2013), WFLW (Wu et al., "Look at Boundary", CVPR 2018) and AFLW-19
(Zhu et al., CVPR 2016). Differs from mmpose's ``NME``, which averages over all landmarks of the data set at once: here
each image has one error, as failure rates and error curves need it. The two agree where every image has the same
number of labelled landmarks.
"""

from typing import Dict, List, Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmengine.registry import METRICS

from ..files.whole_file import whole_file
from .landmark_layouts import LANDMARK_LAYOUTS

NORMALIZERS = ('interocular', 'interpupil', 'box_diagonal', 'box_size')


def normalizing_distance(keypoints: np.ndarray, box: Optional[np.ndarray], norm: str) -> float:
    """Distance by which the errors of one face are divided, in pixels.

    Args:
        keypoints: true landmarks, (K, 2).
        box: true face box, (4, ), x1 y1 x2 y2. Only needed for the two box distances.
        norm: ``'interocular'`` (outer eye corners), ``'interpupil'`` (eye centres), ``'box_diagonal'`` or
            ``'box_size'`` (the longer side).

    Raises:
        ValueError: if the mark-up or the box is needed, but unknown.
    """
    if norm in ('box_diagonal', 'box_size'):
        if box is None:
            raise ValueError(f'norm={norm!r} needs the face box (gt_instances.bboxes), but the sample has none')
        width, height = box[2] - box[0], box[3] - box[1]
        return float(np.hypot(width, height) if norm == 'box_diagonal' else max(width, height))
    layout = LANDMARK_LAYOUTS.get(len(keypoints))
    if layout is None:
        raise ValueError(
            f'norm={norm!r} needs a known mark-up, one of {sorted(LANDMARK_LAYOUTS)} landmarks, got '
            f'{len(keypoints)}; use a box distance'
        )
    if norm == 'interocular':
        first, second = keypoints[list(layout.eye_corners)]
    else:
        first, second = (keypoints[list(eye)].mean(axis=0) for eye in layout.pupils)
    return float(np.linalg.norm(first - second))


def failure_rate(errors: np.ndarray, threshold: float) -> float:
    """Share of the images whose error is above the threshold, in [0, 1]; errors are one number an image, (N, )."""
    return float(np.mean(errors > threshold))


def error_curve_area(errors: np.ndarray, threshold: float) -> float:
    """Area under the cumulative error distribution (CED) from 0 to the threshold, over the threshold, in [0, 1].

    The CED of N images, CED(x) = share of the errors <= x, is a staircase, so its integral needs no grid: an image
    with error e adds max(0, threshold - e) / N. Simpson's or the trapezoidal rule over a grid of errors, used by much
    published code, converges to this value.
    """
    return float(np.mean(np.maximum(0, 1 - errors / threshold)))


@METRICS.register_module()
class FaceAlignmentMetric(BaseMetric):
    """Samples of mmpose's top-down models -> {``NME_interocular``: ..., ``FR_interocular@0.08``: ..., ...}.

    Every result names the distance it was divided by. All numbers are fractions (0.04 is 4 %). Results are written
    for all images (``NME_interocular``), for each subset that samples name in ``raw_ann_info['subsets']``
    (``pose/NME_interocular``; a sample may be in several) and the NME for each facial region
    (``jaw/NME_interocular``). Landmarks that are not labelled (visibility 0) don't count; a predicted landmark that
    is not a finite number is an infinite error. Every process hands in its own samples; mmengine gathers them and
    drops the ones that the sampler repeated.

    Example:
        >>> dict(type='FaceAlignmentMetric', norm='interpupil', thresholds=(0.08,))

    Args:
        norm: one of ``'interocular'``, ``'interpupil'``, ``'box_diagonal'``, ``'box_size'``. The box is the one
            in ``gt_instances.bboxes``, which on AFLW is the official square box. Defaults to ``'interocular'``.
        thresholds: errors, as fractions of the distance, at which failure rate and area under the
            curve are taken. Defaults to (0.08, 0.10).
        curve_file: where the cumulative error curve is drawn (.png, .pdf, .svg); needs matplotlib.
            Defaults to None, which draws nothing.
        skip_invalid: leave out faces without a valid normalising distance, and say how many, instead of
            raising. Defaults to False.
        collect_device: ``'cpu'`` or ``'gpu'``. Defaults to ``'cpu'``.
        prefix: put before the names of the results. Defaults to None.

    Raises:
        ValueError: if an argument is not one of the above, if a face has a zero or undefined normalising distance or
            no labelled landmark (the message names the image), or if there is no face at all.
    """

    def __init__(
        self,
        *,
        norm: str = 'interocular',
        thresholds: Sequence[float] = (0.08, 0.10),
        curve_file: Optional[str] = None,
        skip_invalid: bool = False,
        collect_device: str = 'cpu',
        prefix: Optional[str] = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if norm not in NORMALIZERS:
            raise ValueError(f'norm must be one of {NORMALIZERS}, got {norm!r}')
        if not thresholds or not all(0 < threshold < float('inf') for threshold in thresholds):
            raise ValueError(f'thresholds must be positive numbers, got {thresholds!r}')
        self.norm = norm
        self.thresholds = tuple(thresholds)
        self.curve_file = curve_file
        self.skip_invalid = skip_invalid

    def process(self, data_batch: Sequence[dict], data_samples: Sequence[dict]) -> None:
        """Keep the errors of each landmark of each sample, as fractions of its normalising distance."""
        for sample in data_samples:
            self.results.append(
                dict(
                    errors=self._landmark_errors(sample),
                    subsets=tuple((sample.get('raw_ann_info') or {}).get('subsets', ())),
                )
            )

    def _landmark_errors(self, sample: dict) -> Optional[np.ndarray]:
        """Errors of one face's landmarks, (K, ), NaN where not labelled; None for a face that is to be skipped."""
        truth = sample['gt_instances']
        keypoints = np.array(truth['keypoints'], dtype=float)[0, :, :2]
        predicted = np.array(sample['pred_instances']['keypoints'], dtype=float)[0, :, :2]
        labelled = np.array(truth['keypoints_visible'], dtype=float).reshape(len(keypoints), -1)[:, 0] > 0
        keypoints[~labelled] = np.nan
        box = np.array(truth['bboxes'], dtype=float)[0] if 'bboxes' in truth else None
        distance = normalizing_distance(keypoints, box, self.norm)
        if not (0 < distance < float('inf') and labelled.any()):
            if self.skip_invalid:
                return None
            image = sample.get('img_path', f'sample {sample.get("id", "?")}')
            raise ValueError(
                f"{image}: errors can't be normalised: the {self.norm} distance is {distance} and "
                f'{labelled.sum()} of {len(labelled)} landmarks are labelled; expected a positive distance '
                'between labelled landmarks (skip_invalid=True leaves such faces out)'
            )
        errors = np.linalg.norm(predicted - keypoints, axis=1) / distance
        errors[labelled & np.isnan(errors)] = np.inf
        return errors

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """Errors of all samples (N dicts) -> numbers by name; runs on the first process only."""
        skipped = len(results)
        results = [result for result in results if result['errors'] is not None]
        skipped -= len(results)
        if skipped:
            MMLogger.get_current_instance().warning(
                f'{skipped} of {skipped + len(results)} faces have no valid {self.norm} distance and are left out'
            )
        if not results:
            raise ValueError(f'there is no face to evaluate ({skipped} without a valid {self.norm} distance)')
        landmark_errors = np.stack([result['errors'] for result in results])  # (N, K), NaN where not labelled
        image_errors = np.nanmean(landmark_errors, axis=1)
        metrics = self._summary(image_errors)
        for subset in sorted({name for result in results for name in result['subsets']}):
            chosen = np.array([subset in result['subsets'] for result in results])
            metrics.update({f'{subset}/{name}': value for name, value in self._summary(image_errors[chosen]).items()})
        layout = LANDMARK_LAYOUTS.get(landmark_errors.shape[1])
        for group, indices in layout.groups.items() if layout else ():
            group_errors = landmark_errors[:, list(indices)]
            labelled = ~np.isnan(group_errors).all(axis=1)
            if labelled.any():
                metrics[f'{group}/NME_{self.norm}'] = float(np.nanmean(group_errors[labelled], axis=1).mean())
        if self.curve_file:
            try:
                draw_error_curve(image_errors, self.norm, self.thresholds, self.curve_file)
            except OSError as error:  # a picture is no reason to end a training, in which this is a validation
                MMLogger.get_current_instance().warning(f'The error curve could not be written: {error}')
        return metrics

    def _summary(self, errors: np.ndarray) -> Dict[str, float]:
        numbers = {f'NME_{self.norm}': float(errors.mean())}
        for threshold in self.thresholds:
            numbers[f'FR_{self.norm}@{threshold:g}'] = failure_rate(errors, threshold)
            numbers[f'AUC_{self.norm}@{threshold:g}'] = error_curve_area(errors, threshold)
        return numbers


def draw_error_curve(errors: np.ndarray, norm: str, thresholds: Sequence[float], path: str) -> None:
    """Draw the share of images (y) whose error is at most x; (N, ) errors, up to the largest threshold.

    Raises:
        ImportError: if matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('curve_file needs matplotlib: pip install matplotlib') from error
    limit = max(thresholds)
    steps = np.sort(errors[errors <= limit])
    shares = np.arange(1, len(steps) + 1) / len(errors)
    figure = Figure(figsize=(5, 4))
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.step(
        np.concatenate([[0], steps, [limit]]),
        np.concatenate([[0], shares, shares[-1:] if len(shares) else [0]]),
        where='post',
    )
    for threshold in thresholds:
        axes.axvline(threshold, color='grey', linewidth=0.5)
    axes.set(
        xlim=(0, limit),
        ylim=(0, 1),
        xlabel=f'error / {norm} distance',
        ylabel=f'share of {len(errors)} images',
        title='Cumulative error',
    )
    figure.tight_layout()
    with whole_file(path) as partial:
        figure.savefig(partial)
