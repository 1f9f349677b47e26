"""Face boxes from a csv file: VGGFace2's bb_landmark/loose_bb_train.csv, or the table that crop_faces.py writes."""

import os
from typing import Dict, List, Sequence, Tuple

from ..annotation_file import LARGEST_SIDE, csv_rows

COLUMNS = ('NAME_ID', 'X', 'Y', 'W', 'H')
TABLE_COLUMNS = ('source', 'x', 'y', 'width', 'height')
"""Of the table of crop_faces.py, which has more of them: a row for each face, and one without a box for a photo without."""

FaceBox = Tuple[int, int, int, int]


def read_boxes(csv_file: str) -> Dict[str, List[FaceBox]]:
    """Face boxes by image.

    Args:
        csv_file: a csv with the columns NAME_ID,X,Y,W,H, a line for each image; or with the columns
            source,x,y,width,height, a line for each face, and a line with no box for an image without faces. NAME_ID and
            source are the image's path relative to the folder; NAME_ID may lack its extension.

    Returns:
        The image to its boxes (x, y, width, height) in pixels; x and y may be negative.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a column is missing, a line holds no box, or an image is named twice where each has one line.
    """
    boxes: Dict[str, List[FaceBox]] = {}
    is_table = is_face_table(csv_file)
    for where, row in csv_rows(csv_file, TABLE_COLUMNS if is_table else COLUMNS, errors='surrogateescape'):
        name, *numbers = (row[column] for column in (TABLE_COLUMNS if is_table else COLUMNS))
        if name in boxes and not is_table:
            raise ValueError(f'{where}: a second box for {name!r}')
        found = boxes.setdefault(name, [])
        if any(numbers) or not is_table:
            found.append(_box(numbers, where))
    return boxes


def is_face_table(csv_file: str) -> bool:
    """Whether a csv file has the columns that crop_faces.py writes."""
    if not os.path.isfile(csv_file):
        raise FileNotFoundError(f'no csv of face boxes {os.path.abspath(csv_file)}')
    with open(csv_file, encoding='utf-8-sig', errors='surrogateescape') as file:
        return set(TABLE_COLUMNS) <= {name.strip() for name in file.readline().split(',')}


def _box(numbers: Sequence[str], where: str) -> FaceBox:
    try:
        x, y, width, height = (int(float(number)) for number in numbers)
    except (ValueError, OverflowError):
        x = y = width = height = 0
    if min(width, height) <= 0 or max(map(abs, (x, y, width, height))) > LARGEST_SIDE:
        raise ValueError(
            f'{where}: expected a box X,Y,W,H with a positive width and height, in pixels up to {LARGEST_SIDE}, '
            f'got {",".join(numbers)!r}'
        )
    return x, y, width, height
