"""Writes face landmarks as the json files that mmpose's data sets read.

The format is COCO's with mmpose's ``center`` and ``scale`` (the side of a square face box, in units of 200 pixels).
Where a box is not given, it is the smallest whole-pixel square around the landmarks, as in the files that mmpose
hands out for WFLW and 300W.
"""

import json
import os
from typing import Dict, List, Optional, Sequence, Tuple

import mmcv
import numpy as np
from PIL import Image, UnidentifiedImageError

from ...files.whole_file import make_folder, whole_file
from ..image_files import open_image
from ..transforms.load_face import ORIENTATION

SCALE_UNIT = 200  # pixels, fixed by mmpose's data sets


class LandmarkJson:
    """Collects faces, then writes them at once. Several faces of one image share its entry.

    Example:
        >>> faces = LandmarkJson()
        >>> faces.add('ann.jpg', (128, 128), [[84, 52], [46, 51]], box=[20, 16, 88, 96])
        >>> faces.write('data/face_landmarks/train.json')

    Attributes:
        outside: images of faces with a landmark outside the image, in the order in which they were added.
    """

    def __init__(self) -> None:
        self._images: Dict[str, dict] = {}
        self._annotations: List[dict] = []
        self.outside: List[str] = []

    def __len__(self) -> int:
        """Number of faces so far."""
        return len(self._annotations)

    def add(
        self,
        file_name: str,
        size: Tuple[int, int],
        keypoints: Sequence[Sequence[float]],
        visibility: Optional[np.ndarray] = None,
        box: Optional[Sequence[float]] = None,
        where: str = '',
        **entries,
    ) -> None:
        """Add one face. Its ``bbox`` and ``area`` are of the part of the box that lies in the image.

        Args:
            file_name: image, relative to the image folder.
            size: width and height of the image as mmpose shows it, pixels; see :func:`image_size`.
            keypoints: landmarks, (K, 2), pixels.
            visibility: (K, ), 0 not labelled, 1 hidden, 2 visible; mmpose learns and evaluates 1 and 2 alike.
                Defaults to None, all 1 as in mmpose's own files.
            box: face box x, y, width, height in pixels, of which ``center`` and ``scale`` are taken too. Defaults to
                None, from the landmarks.
            where: the place to name in an error. Defaults to '', the image.
            **entries: more entries of the annotation.

        Raises:
            ValueError: if a number is not finite, a landmark or the box is further outside the image than its longer
                side, or no part of the box is in the image.
        """
        where = where or file_name
        keypoints = np.asarray(keypoints, float)
        numbers = np.concatenate([keypoints.ravel(), [] if box is None else box])
        if not np.isfinite(numbers).all():
            raise ValueError(f'{where}: landmarks and boxes must be finite numbers')
        far = numbers[(numbers < -max(size)) | (numbers > 2 * max(size))]
        if len(far):
            raise ValueError(f'{where}: {far[0]:g} is far outside the image of {size[0]} x {size[1]} pixels')
        image = self._images.setdefault(
            file_name, dict(id=len(self._images), file_name=file_name, width=size[0], height=size[1])
        )
        low, high = keypoints.min(axis=0), keypoints.max(axis=0)
        if visibility is None:
            visibility = np.ones(len(keypoints))
        if box is None:
            first, last = np.floor(low), np.ceil(high)
            margin = (high - low) / 10  # mmpose's boxes are a tenth wider on each side, where the image allows it
            corner, end = low - margin, high + margin
        else:
            corner, end = first, last = np.array(box[:2], float), np.array(box[:2], float) + box[2:]
        corner, end = np.maximum(corner, 0), np.minimum(end, size)
        if (end <= corner).any():
            raise ValueError(
                f'{where}: no part of the face is in the image of {size[0]} x {size[1]} pixels: '
                f'x is {first[0]:g} to {last[0]:g}, y is {first[1]:g} to {last[1]:g}'
            )
        if (low < 0).any() or (high > size).any():
            self.outside.append(file_name)
        self._annotations.append(
            dict(
                id=len(self._annotations),
                image_id=image['id'],
                category_id=1,
                iscrowd=0,
                keypoints=np.column_stack([keypoints, visibility]).ravel().tolist(),
                num_keypoints=int((np.asarray(visibility) > 0).sum()),
                bbox=[*corner.tolist(), *(end - corner).tolist()],
                area=float(np.prod(end - corner)),
                center=((first + last) / 2).tolist(),
                scale=float((last - first).max() / SCALE_UNIT),
                **entries,
            )
        )

    def write(self, path: str) -> None:
        """Write the file whole or not at all; its folder is made."""
        content = dict(
            images=list(self._images.values()),
            annotations=self._annotations,
            categories=[dict(id=1, name='face', supercategory='person', keypoints=[], skeleton=[])],
        )
        with whole_file(path) as partial, open(partial, 'w') as file:
            json.dump(content, file, allow_nan=False)


def link_images(images: str, link: str) -> None:
    """Make ``link`` lead to the folder of the authors' images, so that nothing is copied.

    Raises:
        ValueError: if ``link`` already exists and is something else.
    """
    if os.path.lexists(link):
        if os.path.realpath(link) != os.path.realpath(images):
            raise ValueError(f'{link} already exists and is not {images}; remove it or choose another output folder')
        return
    make_folder(os.path.dirname(os.path.abspath(link)))
    os.symlink(os.path.relpath(images, os.path.dirname(os.path.abspath(link))), link, target_is_directory=True)


def count_report(name: str, count: int, official: int) -> str:
    """One line that says how many faces there are and whether the official list has as many."""
    if count == official:
        return f'{name}: {count:,} faces, as many as the official list'
    return f'{name}: {count:,} faces; WARNING: the official list has {official:,}'


def outside_report(name: str, faces: LandmarkJson) -> str:
    """One line about faces with landmarks outside their images; empty if there are none."""
    if not faces.outside:
        return ''
    return f'{name}: {len(faces.outside):,} faces with landmarks outside the image, such as {faces.outside[0]}'


def image_size(path: str) -> Tuple[int, int]:
    """Width and height in pixels of the image that mmpose sees: turned as its EXIF orientation says.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not an image.
    """
    try:
        with open_image(path) as image:
            if image.getexif().get(ORIENTATION, 1) == 1:
                return image.size
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ValueError(f'{path}: expected an image, {error}') from error
    pixels = mmcv.imread(path, flag='color', backend='cv2')  # which formats it turns depends on OpenCV's version
    if pixels is None:
        raise ValueError(f'{path}: expected an image, OpenCV can not read it')
    return pixels.shape[1], pixels.shape[0]
