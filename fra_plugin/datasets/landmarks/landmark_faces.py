"""Faces with known landmarks, each in two crops: what region consistency is measured on."""

from typing import Dict, List, Tuple

import cv2
import numpy as np
import torch
from mmengine.logging import MMLogger
from mmpretrain.registry import DATASETS
from torch.utils.data import Dataset

from ..annotation_file import existing_images, inside
from ..transforms.load_face import LoadFace
from .landmark_check import check_landmarks, read_landmark_json
from .landmark_json import image_size


@DATASETS.register_module()
class LandmarkFaces(Dataset):
    """COCO-style json (as mmpose reads it) -> ``inputs`` (2, 3, S, S) BGR uint8 and ``landmarks`` (2, L, 2) in pixels.

    The first view is a square around the landmarks with the forehead; the second one is larger or smaller and off the
    centre, in a way that is the same each time for each face. Landmarks of visibility 0 are NaN.

    Example:
        >>> dict(type='LandmarkFaces', ann_file='data/wflw/annotations/test.json', data_prefix='data/wflw/images')

    Args:
        ann_file: json file with ``images`` (id, file_name) and ``annotations`` (image_id, keypoints x1, y1, v1, ...).
        data_prefix: folder of the images.
        size: S, side of a view in pixels. Defaults to 224.
        max_faces: take this many, spread evenly over the file, at least 1. Defaults to 256.
        follow_links: whether an image may lie outside that folder, behind a symbolic link. Defaults to False.

    Raises:
        FileNotFoundError: if the file or an image is missing.
        ValueError: if the file is not such a json, has no face, or a face has another number of landmarks than the first
            one or one that is far outside its image; or if the file takes the width of an image for its height.
    """

    def __init__(
        self, ann_file: str, data_prefix: str, size: int = 224, max_faces: int = 256, follow_links: bool = False
    ) -> None:
        if max_faces < 1:
            raise ValueError(f'max_faces must be at least 1, got {max_faces}')
        faces, sizes = _read(ann_file, data_prefix, follow_links)
        places = np.linspace(0, len(faces) - 1, min(max_faces, len(faces))).round().astype(int)
        self.faces = [faces[place] for place in places]
        _refuse_turned({path: sizes[path] for path, _ in self.faces}, ann_file)
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


def _refuse_turned(sizes: Dict[str, Tuple[int, int]], ann_file: str) -> None:
    """Landmarks on a photo as it is stored are wrong on the photo that its EXIF orientation turns upright."""
    for path, (width, height) in sizes.items():
        if width != height and image_size(path) == (height, width):
            raise ValueError(
                f'{ann_file}: {path} is {height} x {width} pixels as its EXIF orientation turns it, but the file says '
                f'{width} x {height}: the landmarks must be those of the upright image'
            )


def _read(ann_file: str, data_prefix: str, follow_links: bool) -> Tuple[List[Tuple[str, np.ndarray]], dict]:
    """Path and landmarks (L, 2) of each face, and the sizes of the images (width, height) by their paths."""
    content = read_landmark_json(ann_file)
    check_landmarks(content, ann_file)
    names = {image['id']: image['file_name'] for image in content['images']}
    faces = []
    for face in content['annotations']:
        keypoints = np.array(face.get('keypoints', []), float).reshape(-1, 3)
        keypoints[keypoints[:, 2] == 0] = np.nan
        if np.isfinite(keypoints).any():
            faces.append((inside(data_prefix, names[face['image_id']], ann_file), keypoints[:, :2]))
    if not faces:
        raise ValueError(f'{ann_file}: no face with a labelled landmark')
    without = len(content['annotations']) - len(faces)
    if without:
        MMLogger.get_current_instance().info(f'{ann_file}: left out: faces without a labelled landmark: {without:,}')
    existing_images([(path, ann_file) for path, _ in faces], data_prefix, follow_links)
    unsized = [image for image in content['images'] if not {'width', 'height'} <= set(image)]
    for image in unsized:
        image['width'], image['height'] = image_size(inside(data_prefix, image['file_name'], ann_file))
    if unsized:
        check_landmarks(content, ann_file)
    used = {face['image_id'] for face in content['annotations']}
    sizes = {
        inside(data_prefix, image['file_name'], ann_file): (image['width'], image['height'])
        for image in content['images']
        if image['id'] in used
    }
    return faces, sizes
