"""Pictures that are written whole or not at all, under any name."""

import os
from pathlib import Path
from typing import Union

import cv2
import numpy as np

from .whole_file import check_output, whole_file


def write_picture(path: Union[str, os.PathLike], picture: np.ndarray, quality: int = 92) -> None:
    """Writes a picture in the format that its name's ending tells; the folder is made.

    ``cv2.imwrite`` ends the process where the name is not UTF-8, and does not tell that a disk is full.

    Args:
        path: such as ``regions.jpg``.
        picture: BGR (height, width, 3) or grey (height, width), uint8.
        quality: of a JPEG, 1 to 100. Defaults to 92.

    Raises:
        ValueError: if OpenCV has no such format, or not for such a picture.
        OSError: if it can't be written.
    """
    check_picture(path)
    ending = Path(path).suffix
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if ending.lower() in ('.jpg', '.jpeg') else []
    try:
        done, data = cv2.imencode(ending, picture, options)
    except cv2.error as error:
        raise ValueError(f'{path}: no such picture can be written: {" ".join(str(error).split())}') from None
    if not done:
        raise ValueError(f'{path}: OpenCV could not encode a picture of shape {picture.shape}')
    with whole_file(path) as partial, open(partial, 'wb') as file:
        file.write(data.tobytes())


def check_picture(path: Union[str, os.PathLike]) -> None:
    """Called before long work, it tells a name under which no picture can be written; raises as :func:`write_picture`."""
    if not cv2.haveImageWriter(f'a{Path(path).suffix}'):
        raise ValueError(f'{path}: no picture can be written under this name; expected an ending such as .jpg or .png')
    check_output(path)
