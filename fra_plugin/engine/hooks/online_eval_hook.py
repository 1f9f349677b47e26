"""What the features are worth, while they are learnt."""

from typing import Dict, List, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.dataset import default_collate
from mmengine.dist import all_gather_object, broadcast_object_list, get_rank, get_world_size, is_main_process
from mmengine.hooks import CheckpointHook, EarlyStoppingHook, Hook
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS, HOOKS
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

from ...checkpoints.checked_load import unwrapped
from ...datasets.labelled.label_agreement import class_names, require_same_classes
from ...datasets.transforms.plain_faces import build_plain, normalise
from ...evaluation.frozen.probe import linear_accuracy
from ...evaluation.labelled_features import files_and_labels, pooled, split_features
from ...evaluation.nearest_neighbours import knn_accuracy
from ...evaluation.regions.region_consistency import grid_regions, landmark_groups, landmark_regions, region_consistency
from ...evaluation.verification_metric import VerificationMetric
from ...processes import on_all
from ..side_product import side_product
from .untouched import untouched


@HOOKS.register_module()
class OnlineEvalHook(Hook):
    """Frozen features (the backbone's last output, averaged over the image) and heatmaps -> numbers to judge them by.

    The numbers go to the log, to the visualizer and to the hooks that choose by them, so that
    ``CheckpointHook(save_best='knn/accuracy', rule='greater')`` keeps the best checkpoint. The model is not touched, see
    :func:`untouched`. Processes share the images. For any self-supervised model; ``landmarks`` for those with heatmaps.

    - ``labelled``: ``knn/accuracy`` and ``linear/accuracy``, means over the classes in percent;
    - ``pairs``: ``verification/accuracy`` and so on, see :class:`VerificationMetric`;
    - ``landmarks``: ``region/nmi`` and ``region/view_agreement``, see :func:`region_consistency`, and
      ``region/nmi_grid``, the nmi of a fixed grid of as many regions: what knows nothing of the face.

    It works between two steps: after the checkpoint of the epoch was written, before the next epoch begins.

    Example:
        >>> dict(type='OnlineEvalHook', labelled=dict(type='RAFDB', data_root='data/rafdb'), interval=10)

    Args:
        labelled: config of a data set with ``gt_label``, of which every fifth face of a class is tested, or configs of a
            training and a test set. Without a ``pipeline`` the images are only resized. Defaults to None.
        pairs: config of a :class:`FacePairs`. Defaults to None.
        landmarks: config of a :class:`LandmarkFaces`. Defaults to None.
        image_size: side of the model's input in pixels. Defaults to 224.
        interval: epochs (or iterations) between two evaluations, at least 1; the end of the training is one too.
            Defaults to 5.
        by_epoch: whether ``interval`` counts epochs. If not, only a CheckpointHook with ``by_epoch=False`` chooses.
            Defaults to True.
        neighbours: of the nearest-neighbour vote. Defaults to 20.
        batch_size: images at once. Defaults to 64.
        num_workers: processes that read images. Defaults to 2.

    Raises:
        ValueError: for a number out of its range, nothing to evaluate, data without labels, or landmarks of an unknown
            mark-up.
        TypeError: before training, for ``landmarks`` with a model that has no heatmaps.
        FileNotFoundError: before training, if a data set is missing.
    """

    def __init__(
        self,
        *,
        labelled: Optional[Union[dict, Sequence[dict]]] = None,
        pairs: Optional[dict] = None,
        landmarks: Optional[dict] = None,
        image_size: int = 224,
        interval: int = 5,
        by_epoch: bool = True,
        neighbours: int = 20,
        batch_size: int = 64,
        num_workers: int = 2,
    ) -> None:
        if not (labelled or pairs or landmarks):
            raise ValueError('OnlineEvalHook has nothing to evaluate: give labelled, pairs or landmarks')
        numbers = dict(image_size=image_size, interval=interval, neighbours=neighbours, batch_size=batch_size)
        for name, value in numbers.items():
            if value < 1:
                raise ValueError(f'{name} must be at least 1, got {value}')
        if labelled is not None and not isinstance(labelled, dict) and len(labelled) != 2:
            raise ValueError(f'labelled must be one data set or a training and a test set, got {len(labelled)}')
        self.labelled = [labelled] if isinstance(labelled, dict) else list(labelled or [])
        self.pairs = pairs
        self.landmarks = landmarks
        self.image_size = image_size
        self.interval = interval
        self.by_epoch = by_epoch
        self.neighbours = neighbours
        self.batch_size = batch_size
        self.num_workers = num_workers

    def before_train(self, runner: Runner) -> None:
        """Find everything that can't work before days of training."""
        self._evaluated_at = None  # iteration
        self._epoch_ended = False
        on_all(self._build, unwrapped(runner.model))

    def _build(self, model: nn.Module) -> None:
        self.labelled_sets = [build_plain(config, self.image_size) for config in self.labelled]
        self.labels = [torch.from_numpy(files_and_labels(dataset)[1]) for dataset in self.labelled_sets]
        parts = ['the training part of the online evaluation', 'its test part']
        require_same_classes([(part, class_names(dataset)) for part, dataset in zip(parts, self.labelled_sets)])
        self.pair_set = self.pairs and build_plain(self.pairs, self.image_size)
        self.landmark_set = self.landmarks and DATASETS.build(dict(self.landmarks, size=self.image_size))
        if self.landmark_set:
            if not hasattr(model, 'heatmaps'):
                raise TypeError(f'landmarks need a model with heatmaps, {type(model).__name__} has none')
            landmark_groups(self.landmark_set.num_landmarks)

    def before_train_epoch(self, runner: Runner) -> None:
        # The counters stand where a validation loop finds them: at the epochs and iterations that are done. A run that
        # was resumed in the middle of an epoch has nothing to evaluate here, one that was cut off right here has.
        complete = self._epoch_ended or runner.iter == runner.epoch * len(runner.train_dataloader)
        self._epoch_ended = False
        if self.by_epoch and runner.epoch and complete and runner.epoch % self.interval == 0:
            self.run(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        self._epoch_ended = True

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
        if not self.by_epoch and runner.iter and runner.iter % self.interval == 0:
            self.run(runner)

    def after_train(self, runner: Runner) -> None:
        # A run that is stopped by a signal has no time for this, and will go on.
        if runner.iter >= runner.max_iters and self._evaluated_at != runner.iter:
            self.run(runner)

    def run(self, runner: Runner) -> Dict[str, float]:
        """Evaluate now, log, and let the other hooks choose."""
        model = unwrapped(runner.model)
        metrics = self.evaluate(model)
        self._evaluated_at = runner.iter
        if not metrics:
            runner.logger.warning(f'No online evaluation after {runner.iter} iterations: the features are not finite')
            return metrics
        runner.logger.info(
            f'Online evaluation after {runner.iter} iterations: '
            + '  '.join(f'{name}: {value:.4f}' for name, value in metrics.items())
        )
        with side_product('The online evaluation'):
            runner.visualizer.add_scalars(dict(metrics, iter=runner.iter), step=runner.iter)
        for hook in runner.hooks:
            chooses = isinstance(hook, EarlyStoppingHook) and hook.monitor in metrics
            if isinstance(hook, CheckpointHook) and hook.save_best and (self.by_epoch or not hook.by_epoch):
                # A hook that counts epochs would name a checkpoint of the middle of one like that of its end.
                chooses = all(key == 'auto' or key in metrics for key in hook.key_indicators)
            if chooses:
                on_all(hook.after_val_epoch, runner, metrics)
        return metrics

    def evaluate(self, model: nn.Module) -> Dict[str, float]:
        """All numbers, the same on every process; none if features are not finite, which NonFiniteHook is there for."""
        with untouched(model):
            labelled = [self._features(model, dataset) for dataset in self.labelled_sets]
            pairs = self._features(model, self.pair_set) if self.pair_set else None
            regions = self._regions(model) if self.landmark_set else None
            shared = [on_all(self._metrics, labelled, pairs, regions)]
            broadcast_object_list(shared)
        return shared[0]

    def _metrics(
        self, labelled: List[torch.Tensor], pairs: Optional[torch.Tensor], regions: Optional[torch.Tensor]
    ) -> Dict[str, float]:
        metrics = {}
        if not is_main_process():
            return metrics
        if not all(features.isfinite().all() for features in labelled + ([] if pairs is None else [pairs])):
            return metrics
        if labelled:
            split = split_features(labelled, self.labels)
            metrics['knn/accuracy'] = knn_accuracy(*split, neighbours=self.neighbours)
            metrics['linear/accuracy'] = linear_accuracy(*(part.numpy() for part in split))
        if pairs is not None:
            metric = VerificationMetric(far=(1e-1, 1e-2))
            metric.dataset_meta = self.pair_set.metainfo
            results = metric.compute_metrics(list(enumerate(pairs)))
            metrics.update({f'verification/{name}': value for name, value in results.items()})
        if regions is not None:
            groups = landmark_groups(self.landmark_set.num_landmarks)
            of_model, of_grid = regions.unbind(dim=1)  # (N, 2, L) each: face, view, landmark
            consistency = region_consistency(of_model[:, 0], groups, of_model[:, 1])
            metrics.update({f'region/{name}': value for name, value in consistency.items()})
            metrics['region/nmi_grid'] = region_consistency(of_grid[:, 0], groups, of_grid[:, 1])['nmi']
        return metrics

    def _features(self, model: nn.Module, dataset: Dataset) -> torch.Tensor:
        """(N, C) float32 on the CPU, in the data set's order."""
        return self._over(dataset, lambda batch: pooled(model.extract_feat(normalise(model, batch['inputs']))).float())

    def _regions(self, model: nn.Module) -> torch.Tensor:
        """(N, 2, 2, L): of each face the regions by the model and by a grid, in two views, at each landmark."""

        def look(batch: dict) -> torch.Tensor:
            landmarks = batch['landmarks'].flatten(0, 1)
            heatmaps = model.heatmaps(normalise(model, batch['inputs'].flatten(0, 1)))
            regions = [
                landmark_regions(heatmaps, landmarks, self.image_size).cpu(),
                grid_regions(landmarks, self.image_size, heatmaps.shape[1]),
            ]
            return torch.stack([found.unflatten(0, (-1, 2)) for found in regions], dim=1)

        return self._over(self.landmark_set, look)

    def _over(self, dataset: Dataset, function) -> torch.Tensor:
        """``function`` of each batch, in the data set's order; the processes share the work, and all get the result."""
        places = range(get_rank(), len(dataset), get_world_size())
        loader = DataLoader(
            Subset(dataset, places), self.batch_size, num_workers=self.num_workers, collate_fn=default_collate
        )
        parts = on_all(lambda: [function(batch).cpu() for batch in loader])
        own = (list(places), torch.cat(parts).numpy() if parts else None)
        gathered = [part for part in all_gather_object(own) if part[1] is not None]
        order = np.argsort(np.concatenate([places for places, _ in gathered]))
        return torch.from_numpy(np.concatenate([values for _, values in gathered])[order])
