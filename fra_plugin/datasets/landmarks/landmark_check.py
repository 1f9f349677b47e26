"""Reads COCO-style json files of face landmarks, and names the first entry whose numbers can't be right."""

import json
import os
from collections import Counter
from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np

from ..annotation_file import LARGEST_SIDE
from .landmark_json import SCALE_UNIT

_FORMAT = '"images" with id and file_name and "annotations" with image_id and keypoints (x, y, visibility, ...)'
# How many numbers these entries hold; None: one number, not a list.
_NUMBERS = dict(bbox=4, face_box=4, center=2, scale=None, box_size=None, area=None)


def read_landmark_json(path: str) -> dict:
    """The content of such a file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no json, has no images or no annotations with an image of the file, or has an id twice.
    """
    if not os.path.exists(path):
        raise FileNotFoundError(
            f'no landmark file {path}; tools/dataset_converters/wflw.py, w300.py, cofw.py and aflw.py make those of these '
            'data sets, and the section "Landmarks" of docs/data.md tells how to make one of your own'
        )
    with open(path, encoding='utf-8') as file:
        try:
            content = json.load(file)
        except (ValueError, RecursionError) as error:
            raise ValueError(f'{path}: expected json, {error}') from None
    try:
        images = {image['id']: image['file_name'] for image in content['images']}
        wrong = [name for name in images.values() if not isinstance(name, str)]
        if wrong:
            raise TypeError(f'file_name {wrong[0]!r}')
        for index, face in enumerate(content['annotations']):
            if face['image_id'] not in images:
                raise ValueError(f'annotations[{index}] with image_id {face["image_id"]!r}, which no image has')
        # As in two files that were joined: landmarks would be taken for those of another image.
        different = {(image['id'], image['file_name']) for image in content['images']}
        ids = dict(images=[number for number, _ in different])
        ids['annotations'] = [face['id'] for face in content['annotations'] if 'id' in face]
        for part, numbers in ids.items():
            for number, count in Counter(numbers).items():
                if count > 1:
                    raise ValueError(f'{part} of which {count} have the id {number!r}')
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path}: expected {_FORMAT}, got {type(error).__name__}: {error}') from None
    return content


def check_landmarks(
    content: dict,
    path: str,
    points: str = 'keypoints',
    required: Sequence[str] = (),
    num_points: Optional[int] = None,
) -> None:
    """Refuse an entry that would only be noticed in the middle of a run, or not at all.

    Landmarks and boxes may reach out of the image, but not by more than its longer side.

    Args:
        content: as :func:`read_landmark_json` gives it.
        path: of the file, for the error.
        points: entry of an annotation with its landmarks (x, y, visibility, ...); an annotation without it is passed
            over. Defaults to 'keypoints'.
        required: further entries that every annotation with landmarks must have. Defaults to none.
        num_points: how many landmarks a face must have. Defaults to None, as many as the first one.

    Raises:
        ValueError: naming the file and the annotation.
    """
    images = {image['id']: image for image in content['images']}
    for index, face in enumerate(content['annotations']):
        if points not in face:
            continue
        image = images[face['image_id']]
        where = f'{path}: annotations[{index}] ({image["file_name"]})'
        lacking = [name for name in required if name not in face]
        if lacking:
            raise ValueError(f'{where} has no {", ".join(lacking)}')
        low, high = _range(image, where)
        values = face[points]
        if not isinstance(values, list) or not values or len(values) % 3:
            got = f'{len(values)} numbers' if isinstance(values, list) else repr(values)[:40]
            raise ValueError(f'{where}: {points} must be x, y, visibility of each landmark, got {got}')
        num_points = num_points or len(values) // 3
        if len(values) != 3 * num_points:
            raise ValueError(f'{where}: expected {num_points} landmarks in {points}, got {len(values) // 3}')
        bad = _first_bad(values, low, high)
        if bad is not None:
            raise ValueError(
                f'{where}: landmark {bad} must be two numbers in or near the image of {_size(image)} and a visibility, '
                f'got {str(values[3 * bad : 3 * bad + 3])[:80]}'
            )
        for name, count in _NUMBERS.items():
            if name in face:
                _check_numbers(face[name], count, name, high - low, where)


def _check_numbers(entry: Any, count: Optional[int], name: str, largest: float, where: str) -> None:
    numbers = [entry] if count is None else entry
    if not isinstance(numbers, (list, tuple)) or len(numbers) != (count or 1) or not all(map(_is_number, numbers)):
        expected = 'a number' if count is None else f'{count} numbers'
        raise ValueError(f'{where}: {name} must be {expected}, got {str(entry)[:80]}')
    limit = dict(area=largest**2, scale=largest / SCALE_UNIT).get(name, largest)
    if max(map(abs, numbers)) > limit:
        raise ValueError(f'{where}: {name} is far larger than the image, got {str(entry)[:80]}')


def _first_bad(values: list, low: float, high: float) -> Optional[int]:
    """The first landmark that is not finite, or labelled (visibility above 0) and out of the range."""
    try:
        landmarks = np.array(values, float).reshape(-1, 3)
    except (TypeError, ValueError, OverflowError):
        return next(place for place, value in enumerate(values) if not _is_number(value)) // 3
    outside = (landmarks[:, :2] < low) | (landmarks[:, :2] > high)
    bad = ~np.isfinite(landmarks).all(axis=1) | (outside.any(axis=1) & (landmarks[:, 2] != 0))
    return int(bad.argmax()) if bad.any() else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and abs(value) < 1e15  # false for NaN; no OverflowError


def _range(image: Dict[str, Any], where: str) -> Tuple[float, float]:
    """The coordinates that are not far outside the image, whichever way it is turned."""
    sides = [image.get(name, LARGEST_SIDE) for name in ('width', 'height')]
    if not all(_is_number(side) and 0 < side <= LARGEST_SIDE for side in sides):
        raise ValueError(f'{where}: width and height must be in 1 to {LARGEST_SIDE}, got {sides[0]!r} and {sides[1]!r}')
    return -max(sides), 2 * max(sides)


def _size(image: Dict[str, Any]) -> str:
    return ' x '.join(str(image.get(name, 'unknown')) for name in ('width', 'height')) + ' pixels'
