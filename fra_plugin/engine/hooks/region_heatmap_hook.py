"""Pictures of the regions while they are learnt."""

import os
from typing import List, Optional

import cv2
import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS, HOOKS
from torch import nn

from ...checkpoints.checked_load import unwrapped
from ...datasets.transforms.plain_faces import build_plain, normalise, spread_faces
from ...evaluation.regions.region_consistency import landmark_parts
from ...evaluation.regions.region_names import parts_by_landmarks
from ...files.picture_file import write_picture
from ...processes import on_all
from ...reports.visualization import region_sheet
from ..side_product import side_product
from .untouched import untouched


@HOOKS.register_module()
class RegionHeatmapHook(Hook):
    """A few faces that stay the same -> heatmaps -> one picture, before training and every ``interval`` epochs.

    Goes to ``regions/iter_00001000.jpg`` in the work directory and, under the name 'regions', to every backend of the
    visualizer. A picture that can't be written is a warning. The model is not touched, see :func:`untouched`. For models
    with ``heatmaps(inputs) -> (B, K, h, w)``.

    Example:
        >>> dict(type='RegionHeatmapHook', dataset=dict(type='FaceFolder', data_prefix='data/held_out'), interval=5)

    Args:
        dataset: config of a data set of held-out faces; without a ``pipeline`` the images are only resized. Defaults to
            None: faces of the training set, resized. This is also, with a warning, what happens where the held-out
            faces are not on this machine: training does not depend on them.
        num_faces: how many, spread evenly over the data set, at least 1. Defaults to 8.
        image_size: side of the model's input in pixels. Defaults to 224.
        interval: epochs (or iterations) between two pictures, at least 1. Defaults to 1.
        by_epoch: whether ``interval`` counts epochs. Defaults to True.
        face_size: side of a face in the picture in pixels. Defaults to 160.
        landmarks: config of a :class:`LandmarkFaces` (its ``size`` is ``image_size``) by which the regions in the picture
            get names, see :mod:`fra_plugin.evaluation.regions.region_names`. Defaults to None, numbers.

    Raises:
        ValueError: for a number out of its range, or before training for landmarks of an unknown mark-up.
        FileNotFoundError: before training, if the landmarks are missing.
        TypeError: before training, if the model has no heatmaps.
    """

    def __init__(
        self,
        *,
        dataset: Optional[dict] = None,
        num_faces: int = 8,
        image_size: int = 224,
        interval: int = 1,
        by_epoch: bool = True,
        face_size: int = 160,
        landmarks: Optional[dict] = None,
    ) -> None:
        numbers = dict(num_faces=num_faces, image_size=image_size, interval=interval, face_size=face_size)
        for name, value in numbers.items():
            if value < 1:
                raise ValueError(f'{name} must be at least 1, got {value}')
        self.dataset = dataset
        self.num_faces = num_faces
        self.image_size = image_size
        self.interval = interval
        self.by_epoch = by_epoch
        self.face_size = face_size
        self.landmarks = landmarks
        self.landmark_set = None

    def before_train(self, runner: Runner) -> None:
        """Read the faces, and draw what a new model makes of them."""
        model = unwrapped(runner.model)
        if not hasattr(model, 'heatmaps'):
            raise TypeError(f'RegionHeatmapHook is for models with heatmaps, {type(model).__name__} has none')
        self.faces = on_all(self._read_faces, runner)
        self.landmark_set = self.landmarks and DATASETS.build(dict(self.landmarks, size=self.image_size))
        if self.landmark_set:
            landmark_parts(self.landmark_set.num_landmarks)
        if runner.iter == 0:
            self.draw(runner, 0)

    def after_train_epoch(self, runner: Runner) -> None:
        if self.by_epoch and self.every_n_epochs(runner, self.interval):
            self.draw(runner, runner.iter)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if not self.by_epoch and self.every_n_train_iters(runner, self.interval):
            self.draw(runner, runner.iter + 1)

    def draw(self, runner: Runner, step: int) -> None:
        """Write the picture of this moment, ``step`` iterations after the start; every process must call this."""
        on_all(self._draw, runner, step)

    def _draw(self, runner: Runner, step: int) -> None:
        if not is_main_process():  # in evaluation mode no process waits for another one
            return
        model = unwrapped(runner.model)
        with untouched(model):
            heatmaps = model.heatmaps(normalise(model, self.faces))
            names = self._names(model)
        side = (self.face_size, self.face_size)
        faces = [cv2.resize(face.permute(1, 2, 0).numpy(), side) for face in self.faces]
        picture = region_sheet(faces, heatmaps, columns=len(faces), names=names)
        path = os.path.join(runner.work_dir, 'regions', f'iter_{step:08d}.jpg')
        with side_product(path):
            write_picture(path, picture)
        with side_product('The picture of the regions'):
            runner.visualizer.add_image('regions', np.ascontiguousarray(picture[..., ::-1]), step)

    def _names(self, model: nn.Module) -> Optional[List[str]]:
        if not self.landmark_set:
            return None

        def heatmaps(images: List[np.ndarray]) -> np.ndarray:
            inputs = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
            return model.heatmaps(normalise(model, inputs)).float().cpu().numpy()

        return parts_by_landmarks(heatmaps, self.landmark_set).names()

    def _read_faces(self, runner: Runner) -> torch.Tensor:
        # Every process reads: a data set may let the first one scan the folder for all.
        if self.dataset is not None:
            try:
                return spread_faces(build_plain(self.dataset, self.image_size), self.num_faces)
            except FileNotFoundError as error:
                runner.logger.warning(
                    f'RegionHeatmapHook shows faces of the training set, as the held-out faces are missing: {error}'
                )
        return spread_faces(runner.train_dataloader.dataset, self.num_faces, self.image_size)
