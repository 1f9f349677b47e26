"""Faces with known landmarks, each in two crops: what region consistency is measured on."""

import json
from typing import List, Tuple

import cv2
import numpy as np
import torch
from mmpretrain.registry import DATASETS
from torch.utils.data import Dataset

from ..transforms.load_face import LoadFace
from .annotation_file import inside, require_images


@DATASETS.register_module()
class LandmarkFaces(Dataset):
    """COCO-style json (as mmpose reads it) -> ``inputs`` (2, 3, S, S) BGR uint8 and ``landmarks`` (2, L, 2) in pixels.

    The first view is a square around the landmarks with the forehead; the second one is larger or smaller and off the
    centre, in a way that is the same each time for each face. Landmarks of visibility 0 are NaN.

    Args:
        ann_file: json file with ``images`` (id, file_name) and ``annotations`` (image_id, keypoints x1, y1, v1, ...).
        data_prefix: folder of the images.
        size: S, side of a view in pixels. Defaults to 224.
        max_faces: take this many, spread evenly over the file, at least 1. Defaults to 256.

    Raises:
        FileNotFoundError: if the file or an image is missing.
        ValueError: if the file is not such a json, has no face, or its faces differ in the number of landmarks.
    """

    def __init__(self, ann_file: str, data_prefix: str, size: int = 224, max_faces: int = 256) -> None:
        if max_faces < 1:
            raise ValueError(f'max_faces must be at least 1, got {max_faces}')
        faces = _read(ann_file, data_prefix)
        places = np.linspace(0, len(faces) - 1, min(max_faces, len(faces))).round().astype(int)
        self.faces = [faces[place] for place in places]
        self.size = size
        self._load = LoadFace()

    @property
    def num_landmarks(self) -> int:
        """L."""
        return len(self.faces[0][1])

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, index: int) -> dict:
        path, landmarks = self.faces[index]
        image = self._load(dict(img_path=path))['img']
        low, high = np.nanmin(landmarks, axis=0), np.nanmax(landmarks, axis=0)
        extent, centre = max(*(high - low), 2), (low + high) / 2
        centre = centre - [0, 0.1 * extent]  # landmarks end at the brows, faces don't
        rng = np.random.default_rng(index)
        views = [
            cut(image, landmarks, centre, 1.6 * extent, self.size),
            cut(
                image,
                landmarks,
                centre + rng.uniform(-0.25, 0.25, 2) * extent,
                rng.uniform(1.1, 2.2) * extent,
                self.size,
            ),
        ]
        inputs, landmarks = (np.stack(parts) for parts in zip(*views))
        return dict(inputs=torch.from_numpy(inputs).permute(0, 3, 1, 2), landmarks=torch.from_numpy(landmarks).float())


def cut(
    image: np.ndarray, landmarks: np.ndarray, centre: np.ndarray, side: float, size: int
) -> Tuple[np.ndarray, np.ndarray]:
    """A square of ``side`` pixels, resized to ``size``; beyond the border the image's last pixels are repeated."""
    side = max(int(round(side)), 1)
    left, top = (int(round(value - side / 2)) for value in centre)
    height, width = image.shape[:2]
    rows = np.clip(np.arange(top, top + side), 0, height - 1)
    columns = np.clip(np.arange(left, left + side), 0, width - 1)
    view = cv2.resize(
        image[rows[:, None], columns], (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    )
    return view, (landmarks - [left, top] + 0.5) * size / side - 0.5


def _read(ann_file: str, data_prefix: str) -> List[Tuple[str, np.ndarray]]:
    """Path and landmarks (L, 2) of each face."""
    with open(ann_file, encoding='utf-8') as file:
        try:
            content = json.load(file)
        except ValueError as error:
            raise ValueError(f'{ann_file}: expected json, {error}') from None
    try:
        names = {image['id']: image['file_name'] for image in content['images']}
        faces = [
            (names[face['image_id']], np.array(face['keypoints'], float).reshape(-1, 3))
            for face in content['annotations']
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{ann_file}: expected "images" with id and file_name and "annotations" with image_id and '
            f'keypoints (x, y, visibility, ...), got {type(error).__name__}: {error}'
        ) from None
    for _, keypoints in faces:
        keypoints[keypoints[:, 2] == 0] = np.nan
    faces = [
        (inside(data_prefix, name, ann_file), keypoints[:, :2])
        for name, keypoints in faces
        if np.isfinite(keypoints).any()
    ]
    counts = sorted({len(landmarks) for _, landmarks in faces})
    if len(counts) != 1:
        raise ValueError(f'{ann_file}: expected faces with the same number of landmarks, got {counts or "no face"}')
    require_images([(path, ann_file) for path, _ in faces])
    return faces
