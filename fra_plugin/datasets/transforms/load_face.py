"""LoadFace: one face image from a file, or from a part of one, always as (H, W, 3) BGR uint8.

OpenMMLab's LoadImageFromFile takes whatever OpenCV makes of a file. OpenCV returns half an image for a truncated
JPEG, drops an alpha channel (and shows the colour that was hidden under it), and reads the same CMYK file differently
from version to version. Here Pillow looks at the header: a plain, complete JPEG, nearly every face of a large set, is
decoded by OpenCV, which is faster; everything else by Pillow, which raises where something is wrong.
"""

from io import BytesIO
from typing import Optional, Tuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS
from PIL import Image, UnidentifiedImageError

from ...files.printable import printable
from ..image_files import FORMATS, open_image

ORIENTATION = 0x0112
GROUND = (128, 128, 128, 255)
REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class BrokenImageError(ValueError):
    """A file whose bytes could be read but are no usable image.

    Args:
        path: the file.
        reason: what is wrong with it. Defaults to ''.
    """

    def __init__(self, path: str, reason: str = '') -> None:
        # One argument for the base class: pickle and PyTorch's workers rebuild an exception from its message alone.
        super().__init__(f'{printable(path)}: {reason}' if reason else printable(path))
        self.path = path
        self.reason = reason


def encoded_image(results: dict) -> bytes:
    """The bytes of a sample's image: what `read_bytes` gives, if the sample has it, else the file `img_path`.

    Raises:
        OSError: they can't be read.
        BrokenImageError: they are not where `read_bytes` looks for them.
    """
    if 'read_bytes' in results:
        return results['read_bytes']()
    with open(results['img_path'], 'rb') as file:
        return file.read()


@TRANSFORMS.register_module()
class LoadFace(BaseTransform):
    """Reads `img_path` and, where the sample has a `bbox`, cuts the face out.

    Grey and palette images become three channels, CMYK becomes RGB, 16 bits keep their upper 8, an alpha channel is
    laid over mid-grey (128), the first frame stands for an animation, and EXIF orientation is applied.

    A sample with pixels (`img`) and no path is left as it is: mmpretrain's inferencers read images themselves.

    Required keys: img_path; bbox (x1, y1, x2, y2; optional) in pixels of the upright image, may reach beyond it;
    read_bytes (optional), a function that gives the bytes of an image that is not a file of its own (FaceRecords, FaceTar).
    Added keys: img (H, W, 3) BGR uint8, img_shape and ori_shape (H, W). Removed: bbox, read_bytes.

    Example:
        >>> dict(type='LoadFace', reduce_to=224)

    Args:
        reduce_to: a JPEG whose face has a shorter side of at least 2, 4 or 8 times this many pixels
            is decoded at 1/2, 1/4 or 1/8 of its size, which is several times faster. A crop of area share s and
            aspect ratio 3:4 has a shorter side of sqrt(0.75 s) of the image's, so size / sqrt(0.75 s) loses nothing
            in a random resized crop to `size` pixels. Defaults to None, the full size.

    Raises:
        BrokenImageError: the file is empty, truncated, no image of one of FORMATS, of float pixels, or its face box lies
            outside.
        OSError: the file can't be read.
        ValueError: reduce_to is no positive integer.
    """

    def __init__(self, reduce_to: Optional[int] = None) -> None:
        if reduce_to is not None and not (isinstance(reduce_to, int) and reduce_to > 0):
            raise ValueError(f'reduce_to is a positive number of pixels or None, got {reduce_to!r}')
        self.reduce_to = reduce_to

    def transform(self, results: dict) -> dict:
        if 'img_path' not in results and 'img' in results:
            return results
        path = results['img_path']
        data = encoded_image(results)
        results.pop('read_bytes', None)
        if not data:
            raise BrokenImageError(path, 'the file is empty')
        try:
            img = self._decode(data, results.pop('bbox', None))
        except MemoryError:
            raise
        except UnidentifiedImageError as error:
            raise BrokenImageError(path, f'not an image of the formats {", ".join(FORMATS)}') from error
        except Exception as error:  # decoders meet damaged bytes with every class of exception
            raise BrokenImageError(path, ' '.join(str(error).split()) or type(error).__name__) from error
        results['img'] = img
        results['img_shape'] = results['ori_shape'] = img.shape[:2]
        return results

    def _decode(self, data: bytes, bbox: Optional[Tuple[float, float, float, float]]) -> np.ndarray:
        image = open_image(BytesIO(data))
        orientation = _orientation(image)
        width, height = image.size if orientation < 5 else image.size[::-1]
        reduction = 1
        if self.reduce_to and image.format == 'JPEG':
            side = min(width, height) if bbox is None else min(bbox[2] - bbox[0], bbox[3] - bbox[1], width, height)
            reduction = max(k for k in REDUCED if k == 1 or side >= k * self.reduce_to)

        img = None
        # Without the end marker the file is truncated or has something behind it: Pillow knows which.
        if image.format == 'JPEG' and image.mode in ('L', 'RGB') and orientation == 1 and data.endswith(b'\xff\xd9'):
            flags = REDUCED[reduction] | cv2.IMREAD_IGNORE_ORIENTATION
            img = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        if img is None:
            if reduction > 1:
                image.draft(image.mode, (image.width // reduction, image.height // reduction))
            image.load()  # may turn the image itself, as Pillow does with TIFF: so look at the orientation after it
            orientation = _orientation(image)
            if orientation > 1:
                image = image.transpose(UPRIGHT[orientation])
            img = cv2.cvtColor(np.asarray(_to_rgb(image)), cv2.COLOR_RGB2BGR)
        if bbox is None:
            return img
        scale = img.shape[1] / width if reduction > 1 else 1.0
        left, top = (max(int(np.floor(v * scale)), 0) for v in bbox[:2])
        right, bottom = (max(int(np.ceil(v * scale)), 0) for v in bbox[2:])
        face = img[top:bottom, left:right]
        if face.size == 0:
            raise ValueError(f'the face box {tuple(bbox)} lies outside the image of {width} x {height} pixels')
        return np.ascontiguousarray(face)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(reduce_to={self.reduce_to})'


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 (upright) where there is none or the EXIF block is damaged."""
    try:
        orientation = image.getexif().get(ORIENTATION, 1)
    except Exception:  # the pixels may be sound all the same
        return 1
    return orientation if orientation in range(1, 9) else 1


def _to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow image to mode RGB."""
    if image.mode == 'F':
        raise ValueError('pixels are floating-point numbers, whose range is unknown; save it with 8 or 16 bits')
    if image.mode == 'I' or image.mode.startswith('I;16'):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError(f'pixels reach from {values.min()} to {values.max()}; at most 16 bits are known')
        image = Image.fromarray((values >> 8).astype(np.uint8))
    elif image.mode in ('RGBA', 'LA', 'PA', 'RGBa', 'La') or 'transparency' in image.info:
        image = image.convert('RGBA')
        image = Image.alpha_composite(Image.new('RGBA', image.size, GROUND), image)
    return image.convert('RGB')
