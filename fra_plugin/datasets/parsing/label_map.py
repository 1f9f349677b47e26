"""Label maps: the facial part of each pixel, from one file or merged from a mask for each part."""

from typing import Optional, Tuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS
from PIL import UnidentifiedImageError

from ..image_files import open_image
from ..transforms.load_face import BrokenImageError


def read_label_map(data: dict, size: Optional[Tuple[int, int]] = None) -> np.ndarray:
    """(H, W) uint8: the number of the class of each pixel.

    Args:
        data: of a face, with ``num_classes`` and either ``seg_map_path``, an image whose values are the numbers, or
            ``part_masks``, pairs of a file and a number: where the file is not black, the pixel has this number. A later
            mask covers an earlier one.
        size: width and height to which the map is resized, each pixel taking the class of the nearest one. Defaults to
            None, as it is.

    Raises:
        BrokenImageError: for a file that is no image.
        ValueError: for an image of colours, a number that is no class, or masks of different sizes.
        OSError: if a file can't be read.
    """
    if 'seg_map_path' in data:
        labels = _read(data['seg_map_path'], colours=False)
        if labels.max() >= data['num_classes']:
            raise ValueError(
                f'{data["seg_map_path"]}: expected labels from 0 to {data["num_classes"] - 1}, got {labels.max()}'
            )
        labels = labels.astype(np.uint8)
    else:
        labels = None
        for path, number in data['part_masks']:
            mask = _read(path, colours=True) > 0
            labels = np.zeros(mask.shape, np.uint8) if labels is None else labels
            if mask.shape != labels.shape:
                raise ValueError(
                    f'{path}: its mask is {mask.shape[1]} x {mask.shape[0]} pixels, those before it '
                    f'{labels.shape[1]} x {labels.shape[0]}'
                )
            labels[mask] = number
    if size and size != labels.shape[::-1]:
        labels = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
    return labels


def _read(path: str, colours: bool) -> np.ndarray:
    """The values of a grey or palette image; of a coloured one, where allowed, the grey values."""
    try:
        image = open_image(path)
        image.load()
    except UnidentifiedImageError:
        raise BrokenImageError(path, 'not an image') from None
    except (OSError, SyntaxError, ValueError) as error:
        if getattr(error, 'errno', None) is not None:
            raise
        raise BrokenImageError(path, ' '.join(str(error).split())) from None
    if colours and image.mode != 'P':
        image = image.convert('L')
    if image.mode not in ('1', 'L', 'P', 'I', 'I;16'):
        raise ValueError(f'{path}: expected an image of one channel that holds labels, got the mode {image.mode}')
    return np.asarray(image).astype(np.int64)


@TRANSFORMS.register_module()
class LoadLabelMap(BaseTransform):
    """The facial part of each pixel -> ``gt_seg_map``, as large as the image.

    mmcv's Resize and RandomFlip change ``gt_seg_map`` together with the image.

    Required keys: img_shape; num_classes; seg_map_path or part_masks, see :func:`read_label_map`.
    Added keys: gt_seg_map (H, W) uint8.

    Example:
        >>> [dict(type='LoadFace'), dict(type='LoadLabelMap')]

    Raises:
        BrokenImageError: for a file that is no image.
        ValueError: for a map of other proportions than the image, and as :func:`read_label_map`.
    """

    def transform(self, results: dict) -> dict:
        labels = read_label_map(results)
        (height, width), (rows, columns) = results['img_shape'], labels.shape
        if abs(height * columns - width * rows) > max(height * columns, width * rows) / 50:
            raise ValueError(
                f'{results["img_path"]} is {width} x {height} pixels, but its label map {columns} x {rows}: '
                'expected the same proportions'
            )
        if labels.shape != (height, width):  # CelebAMask-HQ's masks have half the side of its images
            labels = cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST)
        results['gt_seg_map'] = labels
        return results
