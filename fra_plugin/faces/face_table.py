"""The table of faces: a row for each face in each photo, and one for each photo without a face."""

import csv
import os
from typing import Iterable, Mapping, Union

from ..datasets.unlabelled.face_boxes import TABLE_COLUMNS
from ..files.whole_file import whole_file

POINT_NAMES = ('left_eye', 'right_eye', 'nose', 'left_mouth', 'right_mouth')
"""Left and right in the picture."""
CUT_COLUMNS = ('cut_x', 'cut_y', 'cut_side', 'cut_angle')
"""The square that was cut: centre and side in pixels, and by how many degrees it is turned clockwise."""
FACE_COLUMNS = (
    'source',
    'face',
    *TABLE_COLUMNS[1:],
    'score',
    *(f'{point}_{axis}' for point in POINT_NAMES for axis in 'xy'),
    'crop',
    *CUT_COLUMNS,
    'problem',
)


def face_row(source: str, number: int, face, square, crop: str) -> dict:
    """The row of a face, with numbers as the csv has them.

    Args:
        source: path of the photo, relative to the folder of the photos.
        number: of the face in its photo, from 0, the largest.
        face: a :class:`DetectedFace`.
        square: a :class:`Square`.
        crop: path of the crop; empty where none is written.
    """
    left, top, right, bottom = face.box
    row = dict(source=source, face=number, x=left, y=top, width=right - left, height=bottom - top)
    row = {name: round(value, 2) if isinstance(value, float) else value for name, value in row.items()}
    row['score'] = round(face.score, 4)
    for point, place in zip(POINT_NAMES, () if face.points is None else face.points.tolist()):
        row.update({f'{point}_x': round(place[0], 2), f'{point}_y': round(place[1], 2)})
    return dict(row, crop=crop, **{name: round(value, 3) for name, value in zip(CUT_COLUMNS, square)})


def write_face_table(path: Union[str, os.PathLike], rows: Iterable[Mapping]) -> None:
    """Write the csv, whole or not at all."""
    with whole_file(path) as partial, open(
        partial, 'w', newline='', encoding='utf-8', errors='surrogateescape'
    ) as file:
        writer = csv.DictWriter(file, FACE_COLUMNS, restval='', lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)
