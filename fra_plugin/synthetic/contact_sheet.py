"""One picture of a set of faces: faces, landmarks on some of them, and their region maps."""

from pathlib import Path
from typing import List

import cv2
import numpy as np

from .canvas import REGIONS, fixed
from .expression import EXPRESSIONS
from .identity import IMAGES_PER_IDENTITY
from .layouts import Face

_TILE, _COLUMNS, _ROWS = 160, 8, 4
_GROUPS = (
    (range(17), (80, 220, 80)),
    (range(17, 27), (60, 180, 255)),
    (range(27, 36), (255, 160, 60)),
    (range(36, 48), (255, 80, 220)),
    (range(48, 68), (70, 70, 255)),
)
"""iBUG-68: jaw, brows, nose, eyes, mouth, and their BGR colours."""


def label_colours() -> np.ndarray:
    """(number of regions, 3) uint8 BGR, black for the background."""
    hue = np.arange(len(REGIONS)) * 180 * 0.618 % 180
    value = np.where(np.arange(len(REGIONS)) == 0, 0, 235)
    hsv = np.stack([hue, np.full(len(REGIONS), 150), value], axis=1).astype(np.uint8)
    return cv2.cvtColor(hsv[None], cv2.COLOR_HSV2BGR)[0]


def write_contact_sheet(root: Path, faces: List[Face], size: int) -> None:
    """Write ``contact_sheet.jpg`` for the set below ``root``, of ``size`` pixels: up to 32 faces, each of another
    person as far as there are enough."""
    wanted = _COLUMNS * _ROWS
    # the first picture of a person, the second of the next, ...; then the others, for small sets
    chosen = [face for face in faces if face.index % IMAGES_PER_IDENTITY == face.identity % IMAGES_PER_IDENTITY]
    others = [face for face in faces if face.index % IMAGES_PER_IDENTITY != face.identity % IMAGES_PER_IDENTITY]
    shown = (chosen + others)[:wanted]
    rows = [
        [_picture(root, face) for face in shown[start : start + _COLUMNS]] for start in range(0, len(shown), _COLUMNS)
    ]
    rows.append([_with_landmarks(root, face, size) for face in shown[:_COLUMNS]])
    rows.append([_regions(root, face) for face in shown[:_COLUMNS]])
    blank = np.full((_TILE, _TILE, 3), 255, np.uint8)
    sheet = np.concatenate([np.concatenate(row + [blank] * (_COLUMNS - len(row)), axis=1) for row in rows])
    (root / 'contact_sheet.jpg').write_bytes(cv2.imencode('.jpg', sheet, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())


def _tile(root: Path, face: Face) -> np.ndarray:
    image = _read(root / 'images' / f'{face.stem}.jpg', cv2.IMREAD_COLOR)
    return cv2.resize(image, (_TILE, _TILE), interpolation=cv2.INTER_CUBIC)


def _picture(root: Path, face: Face) -> np.ndarray:
    tile, name = _tile(root, face), EXPRESSIONS[face.expression - 1]
    for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(tile, name, (4, _TILE - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.38, colour, width, cv2.LINE_AA)
    return tile


def _with_landmarks(root: Path, face: Face, size: int) -> np.ndarray:
    tile = _tile(root, face)
    spots = fixed((face.landmarks + 0.5) * _TILE / size - 0.5).tolist()
    for group, colour in _GROUPS:
        for k in group:  # hollow where something covers the point
            cv2.circle(tile, spots[k], 26, colour, -1 if face.visible[k] else 1, cv2.LINE_AA, 4)
    return tile


def _regions(root: Path, face: Face) -> np.ndarray:
    labels = _read(root / 'regions' / f'{face.stem}.png', cv2.IMREAD_GRAYSCALE)
    return label_colours()[cv2.resize(labels, (_TILE, _TILE), interpolation=cv2.INTER_NEAREST)]


def _read(path: Path, flag: int) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), flag)
