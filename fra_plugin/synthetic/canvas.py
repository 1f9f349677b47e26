"""The sheet that a face is drawn on: colour, region labels and relief, layer over layer.

Everything is drawn larger than the final picture and averaged down. Lighting uses the relief's slope, so that one drawing
can be lit from anywhere. Shapes are (n, 2) arrays of pixels, or lists of them; sigmas and widths are in head units.
"""

from typing import List, Optional, Sequence, Tuple, Union

import cv2
import numpy as np

REGIONS = (
    'background',
    'skin',
    'hair',
    'left_brow',
    'right_brow',
    'left_eye',
    'right_eye',
    'nose',
    'mouth',
    'left_ear',
    'right_ear',
    'neck',
    'clothes',
    'beard',
    'glasses',
    'hat',
    'occluder',
)
"""Names of the region labels 0, 1, ...; left and right are the person's own."""
LABEL = {name: number for number, name in enumerate(REGIONS)}

Box = Tuple[slice, slice]
Shapes = Union[np.ndarray, Sequence[np.ndarray]]
Colour = Sequence[float]

_SHIFT = 4  # OpenCV draws at 1/16 pixel
_ANGLE = np.linspace(0, 2 * np.pi, 17)[:-1]
CIRCLE = np.stack([np.cos(_ANGLE), np.sin(_ANGLE)], axis=1)
"""(16, 2) unit circle."""


def fixed(points: np.ndarray) -> np.ndarray:
    """Points in pixels as OpenCV's fixed-point integers."""
    return np.rint(points * (1 << _SHIFT)).astype(np.int32)


def soften(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of ``sigma`` pixels; a large one is done on a smaller picture, which is faster and looks the same."""
    if sigma < 0.3:
        return image
    factor = int(sigma // 2)
    height, width = image.shape[:2]
    if factor < 2 or min(height, width) < 4 * factor:
        return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    small = cv2.resize(image, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / factor, borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def tint(colour: Colour, factor: float, towards: Optional[Colour] = None) -> tuple:
    """``colour`` times ``factor``, or mixed with ``towards`` by ``factor`` in [0, 1]; BGR."""
    if towards is None:
        return tuple(min(max(value * factor, 0.0), 255.0) for value in colour)
    return tuple(min(max(value + (other - value) * factor, 0.0), 255.0) for value, other in zip(colour, towards))


def extent(mask: np.ndarray, margin: float = 0.0) -> Optional[Box]:
    """Box around what is not 0 in a (H, W) uint8 mask, ``margin`` pixels wider; None when there is nothing."""
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return None
    margin = int(margin) + 1
    return (
        slice(max(y - margin, 0), min(y + height + margin, mask.shape[0])),
        slice(max(x - margin, 0), min(x + width + margin, mask.shape[1])),
    )


class Canvas:
    """``colour`` (H, W, 3) uint8 BGR, ``label`` (H, W) uint8, ``relief`` (H, W) float32 in pixels towards the viewer.

    Args:
        background: (H, W, 3) uint8, drawn on.
        unit: pixels of one head unit.
    """

    def __init__(self, background: np.ndarray, unit: float):
        self.colour, self.unit = background, unit
        self.label = np.zeros(background.shape[:2], np.uint8)
        self.relief = np.zeros(background.shape[:2], np.float32)

    # where to draw -------------------------------------------------------------------------------------------------

    def _box(self, shapes: List[np.ndarray], margin: float) -> Optional[Box]:
        """The part of the sheet within ``margin`` pixels of fixed-point ``shapes``."""
        rects = [cv2.boundingRect(shape) for shape in shapes]
        one, margin = 1 << _SHIFT, int(margin) + 1
        height, width = self.label.shape
        x0 = max(min(rect[0] for rect in rects) // one - margin, 0)
        y0 = max(min(rect[1] for rect in rects) // one - margin, 0)
        x1 = min(max(rect[0] + rect[2] for rect in rects) // one + 1 + margin, width)
        y1 = min(max(rect[1] + rect[3] for rect in rects) // one + 1 + margin, height)
        return (slice(y0, y1), slice(x0, x1)) if x1 > x0 and y1 > y0 else None

    def mask(
        self,
        shapes: Shapes,
        sigma: float = 0.0,
        width: Optional[float] = None,
        inside: Optional[np.ndarray] = None,
        weights: Optional[Sequence[float]] = None,
    ) -> Tuple[Optional[Box], Optional[np.ndarray]]:
        """Where filled polygons, or lines of ``width``, are: a box of the sheet and (h, w) float32 in [0, 1], the shapes'
        ``weights`` inside, blurred by ``sigma`` and limited to the full-size uint8 mask ``inside``."""
        shapes = [fixed(shape) for shape in ([shapes] if isinstance(shapes, np.ndarray) else shapes)]
        thick = 0 if width is None else max(1, int(round(width * self.unit)))
        box = self._box(shapes, 3 * sigma * self.unit + thick + 1) if shapes else None
        if box is None:
            return None, None
        size = (box[0].stop - box[0].start, box[1].stop - box[1].start)
        mask = np.zeros(size, np.uint8)
        offset = np.int32([-box[1].start << _SHIFT, -box[0].start << _SHIFT])
        for shape, weight in zip(shapes, weights or [1] * len(shapes)):
            if width is None:
                cv2.fillPoly(mask, [shape + offset], 255 * weight, cv2.LINE_AA, _SHIFT)
            else:
                cv2.polylines(mask, [shape + offset], False, 255 * weight, thick, cv2.LINE_AA, _SHIFT)
        mask = mask * np.float32(1 / 255)
        mask = soften(mask, sigma * self.unit)
        if inside is not None:
            mask *= inside[box] * np.float32(1 / 255)
        return box, mask

    def full_mask(self, shape: np.ndarray) -> np.ndarray:
        """(H, W) uint8 with 255 inside the polygon."""
        mask = np.zeros_like(self.label)
        cv2.fillPoly(mask, [fixed(shape)], 255, cv2.LINE_AA, _SHIFT)
        return mask

    # colour and labels ---------------------------------------------------------------------------------------------

    def fill(self, shape: np.ndarray, colour: Colour, label: Optional[str] = None) -> None:
        """An opaque polygon."""
        cv2.fillPoly(self.colour, [fixed(shape)], colour, cv2.LINE_AA, _SHIFT)
        if label:
            self.stamp(shape, label)

    def stamp(self, shape: np.ndarray, label: str) -> None:
        """Write a region label inside the polygon."""
        cv2.fillPoly(self.label, [fixed(shape)], LABEL[label], cv2.LINE_8, _SHIFT)

    def glaze(
        self,
        shapes: Shapes,
        colour: Colour,
        alpha: float,
        sigma: float = 0.0,
        *,
        width: Optional[float] = None,
        inside: Optional[np.ndarray] = None,
        weights: Optional[Sequence[float]] = None,
    ) -> None:
        """Transparent, soft polygons or lines."""
        box, mask = self.mask(shapes, sigma, width, inside, weights)
        if box is not None:
            self.blend(box, mask * np.float32(alpha), colour)

    def blend(self, box: Box, mask: np.ndarray, colour) -> None:
        """Mix ``colour`` (one, or an (h, w, 3) picture) into the box by ``mask`` in [0, 1]."""
        patch = self.colour[box].astype(np.float32)
        patch += (np.asarray(colour, np.float32) - patch) * cv2.merge((mask, mask, mask))
        self.colour[box] = patch + np.float32(0.5)  # a mixture stays within 0 to 255

    def cover(self, mask: np.ndarray, colour: Colour, label: str) -> None:
        """An opaque layer under the (H, W) uint8 mask."""
        box = extent(mask)
        if box is not None:
            part = mask[box]
            self.blend(box, part * np.float32(1 / 255), colour)
            self.label[box][part > 127] = LABEL[label]

    def lines(self, curves: np.ndarray, colour: Colour, width: float = 0.0, label: Optional[str] = None) -> None:
        """Opaque lines (n, p, 2). The thinnest is one pixel of the sheet."""
        if len(curves):
            curves, thick = list(fixed(curves)), max(1, int(round(width * self.unit)))
            cv2.polylines(self.colour, curves, False, colour, thick, cv2.LINE_AA, _SHIFT)
            if label:
                cv2.polylines(self.label, curves, False, LABEL[label], thick, cv2.LINE_8, _SHIFT)

    def strands(
        self,
        curves: np.ndarray,
        colour: Colour,
        rng: np.random.Generator,
        *,
        width: float = 0.0,
        contrast: float = 0.25,
        inside: Optional[np.ndarray] = None,
    ) -> None:
        """Hairs: lines (n, p, 2) in four shades of ``colour``, kept to the (H, W) uint8 mask ``inside``."""
        if not len(curves):
            return
        box = None if inside is None else extent(inside)
        before = None if box is None else self.colour[box].copy()
        order, step = rng.permutation(4), -(-len(curves) // 4)
        for number, shade in enumerate(np.array([-1.0, -0.4, 0.3, 1.0])[order]):
            bright = [value + 6 * max(shade, 0) for value in colour]
            self.lines(curves[number * step : (number + 1) * step], tint(bright, 1 + contrast * shade), width)
        if before is not None:
            outside = inside[box] < 128
            self.colour[box][outside] = before[outside]

    # light and shadow ----------------------------------------------------------------------------------------------

    def raise_(self, shapes: Shapes, heights, sigma: float, widths=None, inside: Optional[np.ndarray] = None) -> None:
        """Add soft bumps of ``heights`` head units (negative: dents and grooves) to the relief; they add up where they
        overlap. ``heights`` and ``widths`` (None: filled) are one for all or one a shape."""
        shapes = [fixed(shape) for shape in ([shapes] if isinstance(shapes, np.ndarray) else shapes)]
        heights = heights if isinstance(heights, list) else [heights] * len(shapes)
        widths = widths if isinstance(widths, list) else [widths] * len(shapes)
        box = self._box(shapes, (3 * sigma + max(width or 0 for width in widths)) * self.unit + 1)
        if box is None:
            return
        bump = np.zeros((box[0].stop - box[0].start, box[1].stop - box[1].start), np.float32)
        offset = np.int32([-box[1].start << _SHIFT, -box[0].start << _SHIFT])
        for shape, height, width in zip(shapes, heights, widths):
            one, value = np.zeros_like(bump), float(height) * self.unit
            if width is None:
                cv2.fillPoly(one, [shape + offset], value, cv2.LINE_8, _SHIFT)
            else:
                thick = max(1, int(round(width * self.unit)))
                cv2.polylines(one, [shape + offset], False, value, thick, cv2.LINE_8, _SHIFT)
            bump += one
        bump = soften(bump, sigma * self.unit)
        self.relief[box] += bump if inside is None else bump * (inside[box] * np.float32(1 / 255))

    def layer(self, mask: np.ndarray, height: float, sigma: float) -> None:
        """Replace the relief under the (H, W) uint8 mask by a rounded slab of ``height`` head units."""
        box = extent(mask, 2 * sigma * self.unit)
        if box is not None:
            weight = mask[box] * np.float32(1 / 255)
            slab = soften(weight, sigma * self.unit) * np.float32(height * self.unit)
            below = self.relief[box]
            self.relief[box] = below + (soften(below, 0.25 * self.unit) + slab - below) * weight

    def shadow(self, mask: np.ndarray, offset: Sequence[float], sigma: float, strength: float) -> None:
        """Darken what is drawn so far by the soft shadow of the (H, W) uint8 mask, moved by ``offset`` head units."""
        box = extent(mask, (3 * sigma + max(abs(offset[0]), abs(offset[1]))) * self.unit)
        if box is None:
            return
        move = np.float32([[1, 0, offset[0] * self.unit], [0, 1, offset[1] * self.unit]])
        moved = cv2.warpAffine(mask[box], move, mask[box].shape[::-1])
        dark = soften(moved * np.float32(strength / 255), sigma * self.unit) * (self.label[box] > 0)
        # skin lets red light through: shadows on it are warm
        self.blend(box, dark, np.float32([-0.06, -0.02, 0.06]) * self.colour[box])
