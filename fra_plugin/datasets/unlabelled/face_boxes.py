"""Face boxes from a csv file such as VGGFace2's bb_landmark/loose_bb_train.csv."""

from typing import Dict, Tuple

from ..annotation_file import csv_rows

COLUMNS = ('NAME_ID', 'X', 'Y', 'W', 'H')


def read_boxes(csv_file: str) -> Dict[str, Tuple[int, int, int, int]]:
    """Face boxes by image.

    Args:
        csv_file: a csv with the columns NAME_ID,X,Y,W,H. NAME_ID is the image's path relative to the folder,
            with or without its extension.

    Returns:
        NAME_ID to (x, y, width, height) in pixels; x and y may be negative.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a column is missing, a line holds no box, or an image is named twice.
    """
    boxes = {}
    for where, row in csv_rows(csv_file, COLUMNS, errors='surrogateescape'):
        name, *numbers = (row[column] for column in COLUMNS)
        try:
            x, y, width, height = (int(float(number)) for number in numbers)
        except (ValueError, OverflowError):
            width = height = 0
        if width <= 0 or height <= 0:
            raise ValueError(
                f'{where}: expected a box X,Y,W,H with a positive width and height in pixels, got {",".join(numbers)!r}'
            )
        if name in boxes:
            raise ValueError(f'{where}: a second box for {name!r}')
        boxes[name] = (x, y, width, height)
    return boxes
