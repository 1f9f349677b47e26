"""FaceCrop: which square of a photo is the face. One definition for photos, for FRAFeatures and for the configs.

Source of the five points: J. Deng et al., "ArcFace: Additive angular margin loss for deep face recognition", CVPR 2019, as
InsightFace published them for crops of 112 px. Crops of another size have the same points, scaled.
"""

from typing import NamedTuple, Optional, Sequence

import cv2
import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS

POINTS_112 = (
    (38.2946, 51.6963),  # the eye on the left of the picture, and the one on the right
    (73.5318, 51.5014),
    (56.0252, 71.7366),  # tip of the nose
    (41.5493, 92.3655),  # the corners of the mouth
    (70.7299, 92.2041),
)
ALIGNMENTS = ('none', 'similarity')
LARGEST_CROP = 16384  # OpenCV's warp takes sides below 32,768
SHRUNK_TO = (
    2.0  # times the size of the crop: larger faces are shrunk to this first, as a warp looks at four pixels only
)


class Square(NamedTuple):
    """A square of a photo: its centre and side in pixels, and the angle by which it is turned clockwise, in degrees.

    The photo's left upper corner is (0, 0): the centre of its first pixel is (0.5, 0.5).
    """

    x: float
    y: float
    side: float
    angle: float


@TRANSFORMS.register_module()
class FaceCrop(BaseTransform):
    """A photo and a face box, or five points -> the face, (size, size, 3); in a pipeline, what resizes a crop to the size.

    - ``align='none'``: the upright square around the centre of the face box, with a side of 1 + margin times the longer
      side of the box.
    - ``align='similarity'``: shift, rotation and scale that bring the five points closest to their places in the crop
      (:meth:`points`). The margin moves these places towards the centre: 1 + margin times as much of the photo is seen.

    Beyond the border of the photo, its last pixels are repeated.

    In a config it stands where ``Resize`` stands. The images there are crops already, and it resizes them. With it, the
    checkpoint knows how photos are to be cut for its model: ``FRAFeatures(checkpoint).crop``.

    Required keys: img. Modified keys: img, img_shape.

    Example:
        >>> dict(type='FaceCrop', size=224, margin=0.3)

    Args:
        size: side of a crop in pixels. Defaults to 224.
        margin: share of the box's side that is added to it, half of it on each side; FaceFolder calls it ``box_margin``.
            Above -1. Defaults to 0.3.
        align: 'none' or 'similarity'. Defaults to 'none'.

    Raises:
        ValueError: for a size that is not from 1 to 16,384, a margin that is not above -1 or not finite, or an unknown
            alignment.
    """

    def __init__(self, size: int = 224, margin: float = 0.3, align: str = 'none') -> None:
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= LARGEST_CROP:
            raise ValueError(f'size must be from 1 to {LARGEST_CROP:,} pixels, got {size!r}')
        if isinstance(margin, bool) or not isinstance(margin, (int, float)) or not -1 < margin < float('inf'):
            raise ValueError(f'margin is a share of the face box, above -1, got {margin!r}')
        if align not in ALIGNMENTS:
            raise ValueError(f'align must be one of {", ".join(ALIGNMENTS)}, got {align!r}')
        self.size = size
        self.margin = float(margin)
        self.align = align

    def settings(self) -> dict:
        """The arguments, as plain values."""
        return dict(size=self.size, margin=self.margin, align=self.align)

    def points(self) -> np.ndarray:
        """Where the five points of an aligned face lie in the crop, (5, 2) in pixels; the first pixel's centre is (0, 0)."""
        places = np.array(POINTS_112) * (self.size / 112)
        centre = self.size / 2
        return (places - centre) / (1 + self.margin) + centre

    def square(self, box: Sequence[float], points: Optional[np.ndarray] = None) -> Square:
        """The square of the photo that the crop shows.

        Args:
            box: of the face: x1, y1, x2, y2 in pixels. It may reach beyond the photo.
            points: both eyes, the tip of the nose and the corners of the mouth, each pair from left to right in the
                picture, (5, 2) in pixels; the first pixel's centre is (0, 0). Defaults to None, not known.

        Raises:
            ValueError: if the points are needed and not given, or all in one place; or if the box has no size.
        """
        if self.align == 'none':
            corners = np.asarray(box, np.float64)
            if corners.shape != (4,) or not np.isfinite(corners).all() or np.any(corners[2:] < corners[:2]):
                raise ValueError(f'expected a face box x1, y1, x2, y2 in pixels with x1 < x2 and y1 < y2, got {box}')
            left, top, right, bottom = corners.tolist()
            if left == right and top == bottom:
                raise ValueError(f'the face box {box} has no size')
            side = max(right - left, bottom - top) * (1 + self.margin)
            return Square((left + right) / 2, (top + bottom) / 2, side, 0.0)
        if points is None:
            raise ValueError("align='similarity' needs the five points of the face, which this detector does not give")
        # As complex numbers, a similarity is z -> a z + b; this a and b have the least squared error.
        there, here = (np.asarray(part, np.float64) @ [1, 1j] for part in (points, self.points()))
        spread = there - there.mean()
        if not np.abs(spread).max() > 0:
            raise ValueError('the five points of the face are all in one place')
        factor = (spread.conj() @ (here - here.mean())) / (spread.conj() @ spread).real
        middle = (self.size - 1) * (0.5 + 0.5j)
        centre = there.mean() + (middle - here.mean()) / factor + (0.5 + 0.5j)
        angle = -np.degrees(np.angle(factor))
        return Square(centre.real, centre.imag, self.size / abs(factor), float(angle))

    def matrix(self, square: Square) -> np.ndarray:
        """(2, 3), for ``cv2.warpAffine`` and for landmarks: from pixels of the photo to pixels of the crop."""
        scale = self.size / square.side
        cosine, sine = scale * np.cos(np.radians(square.angle)), scale * np.sin(np.radians(square.angle))
        turn = np.array([[cosine, sine], [-sine, cosine]])
        shift = self.size / 2 - 0.5 - turn @ (square.x - 0.5, square.y - 0.5)
        return np.column_stack([turn, shift])

    def cut(self, photo: np.ndarray, box: Sequence[float], points: Optional[np.ndarray] = None) -> np.ndarray:
        """The face in a photo (H, W, 3) as (size, size, 3), uint8.

        Args:
            photo: upright.
            box, points: as for :meth:`square`.

        Raises:
            ValueError: if the face lies outside the photo, or as :meth:`square`.
        """
        return self.warp(photo, self.square(box, points))

    def warp(self, photo: np.ndarray, square: Square) -> np.ndarray:
        """The square of a photo (H, W, 3) as (size, size, 3), uint8.

        Raises:
            ValueError: if the square lies outside the photo.
        """
        height, width = photo.shape[:2]
        reach = square.side * 0.75 + 2  # half of the diagonal, and some
        left, right = (int(np.clip(square.x + sign * reach, 0, width)) for sign in (-1, 1))
        top, bottom = (int(np.clip(square.y + sign * reach, 0, height)) for sign in (-1, 1))
        part = photo[top:bottom, left:right]
        if not part.size:
            raise ValueError(
                f'the face at ({square.x:.0f}, {square.y:.0f}) lies outside the photo of {width} x {height}'
            )
        square = square._replace(x=square.x - left, y=square.y - top)
        shrink = square.side / (SHRUNK_TO * self.size)
        matrix = self.matrix(square)
        if shrink > 1:
            smaller = [max(round(length / shrink), 1) for length in part.shape[1::-1]]
            back = np.diag([part.shape[1] / smaller[0], part.shape[0] / smaller[1], 1.0])
            back[:2, 2] = (np.diag(back)[:2] - 1) / 2
            part = cv2.resize(part, smaller, interpolation=cv2.INTER_AREA)
            matrix = matrix @ back
        return cv2.warpAffine(
            part, matrix, (self.size, self.size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )

    def resize(self, face: np.ndarray) -> np.ndarray:
        """An image that is a crop already, (H, W, 3), as (size, size, 3)."""
        return mmcv.imresize(face, (self.size, self.size))

    def transform(self, results: dict) -> dict:
        results['img'] = self.resize(results['img'])
        results['img_shape'] = results['img'].shape[:2]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size}, margin={self.margin}, align={self.align!r})'
