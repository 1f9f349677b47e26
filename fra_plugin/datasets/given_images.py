"""Images as a user gives them from Python: files, a folder or arrays."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Iterable, List, Optional, Sequence, Tuple, Union

import cv2
import numpy as np

from ..files.printable import printable
from .transforms.load_face import BrokenImageError, LoadFace
from .unlabelled.folder_scan import scan_folder, tell_left_out

Image = Union[str, Path, np.ndarray]


def list_images(images: Union[Image, Sequence[Image]]) -> Tuple[List[str], List[Image]]:
    """Names and files or arrays of what :class:`~fra_plugin.apis.FRAFeatures` takes; raises as it says."""
    if isinstance(images, (str, Path)):
        folder = os.path.expanduser(images)
        if os.path.isdir(folder):
            scan = scan_folder(folder)
            tell_left_out(folder, scan.left_out)
            return scan.paths, [os.path.join(folder, path) for path in scan.paths]
        images = [images]
    elif isinstance(images, np.ndarray) and images.ndim != 4:
        images = [images]
    elif not isinstance(images, (list, tuple, np.ndarray)):
        raise TypeError(f'images must be files, a folder or arrays, got {type(images).__name__}')
    if len(images) == 0:
        raise ValueError('no images given')
    images = [os.path.expanduser(image) if isinstance(image, (str, Path)) else image for image in images]
    for place, image in enumerate(images):
        if isinstance(image, np.ndarray):
            has_shape = image.ndim == 2 or image.ndim == 3 and image.shape[2] == 3
            if image.dtype != np.uint8 or not has_shape or not image.size:
                raise ValueError(
                    f'image {place} must be a BGR (H, W, 3) or grey (H, W) array of uint8, '
                    f'got {image.shape} {image.dtype}'
                )
        elif not isinstance(image, str):
            raise TypeError(f'image {place} must be a file or an array, got {type(image).__name__}')
        elif os.path.isdir(image):
            raise IsADirectoryError(f'{image} is a folder: give one folder alone, or image files')
        elif not os.path.isfile(image):
            raise FileNotFoundError(f'no image {image}')
    return [str(place) if isinstance(image, np.ndarray) else image for place, image in enumerate(images)], images


def read_face(source: Image, size: Optional[int] = None) -> np.ndarray:
    """BGR (H, W, 3) uint8; a large JPEG is read at a fraction of its size, but not below ``size``."""
    if isinstance(source, np.ndarray):
        return source if source.ndim == 3 else cv2.cvtColor(source, cv2.COLOR_GRAY2BGR)
    return LoadFace(reduce_to=size)(dict(img_path=os.fspath(source)))['img']


def read_or_reason(read: Callable[[Image], np.ndarray], image: Image) -> Union[np.ndarray, str]:
    """What ``read`` makes of an image; of one that can't be read, a line that says why."""
    try:
        return read(image)
    except BrokenImageError as error:
        return str(error)
    except OSError as error:
        return f'{printable(image)}: {error.strerror or error}'


def readable_images(files: Iterable[str], size: Optional[int] = None) -> Tuple[List[str], List[str]]:
    """The files that can be read, and one line for each that cannot; ``size`` as for :func:`read_face`."""
    files = list(files)

    def problem(file: str) -> Optional[str]:
        found = read_or_reason(lambda image: read_face(image, size), file)
        return found if isinstance(found, str) else None

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        problems = list(pool.map(problem, files))
    return [file for file, reason in zip(files, problems) if reason is None], [text for text in problems if text]
