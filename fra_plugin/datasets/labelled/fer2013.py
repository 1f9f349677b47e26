"""FER2013: 35,887 grey faces of 48 x 48 pixels with one of seven expressions, all in one csv file.

Source: I. Goodfellow et al., "Challenges in Representation Learning: A report on three machine learning contests",
ICONIP 2013. Layout: ``fer2013.csv`` (emotion, pixels, Usage), or ``icml_face_data.csv`` of the second release.
"""

import warnings
from typing import Iterator, Tuple

import numpy as np
from mmpretrain.registry import DATASETS

from ..annotation_file import csv_rows, integer
from .labelled_faces import LabelledFaces

_SIZE = 48
_USAGES = dict(train='Training', val='PublicTest', test='PrivateTest')


@DATASETS.register_module()
class FER2013(LabelledFaces):
    """csv file -> ``img`` (48, 48, 3) uint8 with three equal channels, ``gt_label`` 0 to 6.

    The images are in memory: a pipeline for this data set starts without ``LoadImageFromFile``.

    Example:
        >>> dict(type='FER2013', data_root='data/fer2013', split='val')

    Args:
        data_root: folder with ``fer2013.csv``.
        split: 'train' (28,709), 'val' (3,589, called PublicTest in the file) or 'test' (3,589, PrivateTest).
            Defaults to 'train'.
        **kwargs: arguments of :class:`LabelledFaces`.
    """

    METAINFO = dict(classes=('anger', 'disgust', 'fear', 'happiness', 'sadness', 'surprise', 'neutral'))
    OFFICIAL_COUNTS = dict(train=28709, val=3589, test=3589)

    def read_split(self) -> Iterator[Tuple[str, dict]]:
        for where, row in self.rows_of_split():
            label = integer(row['emotion'], range(7), where, 'emotion')
            yield where, dict(img=pixels(row['pixels'], where), gt_label=label, img_path=where)

    def rows_of_split(self) -> Iterator[Tuple[str, dict]]:
        """Rows of the csv file whose usage is the split."""
        path = self.find('fer2013.csv', 'icml_face_data.csv', 'fer2013/fer2013.csv')
        for where, row in csv_rows(path, ('emotion', 'pixels', 'Usage')):
            if row['Usage'] not in _USAGES.values():
                raise ValueError(f'{where}: Usage must be one of {", ".join(_USAGES.values())}, got {row["Usage"]!r}')
            if row['Usage'] == self.usage:
                yield where, row

    @property
    def usage(self) -> str:
        """The split's name in the files."""
        return _USAGES[self.split]

    def get_data_info(self, idx: int) -> dict:
        """Fields of one face; the grey image gets its three channels only here, to keep a third of the memory."""
        data = super().get_data_info(idx)
        data['img'] = np.repeat(data['img'][..., None], 3, axis=2)
        data['ori_shape'] = data['img_shape'] = (_SIZE, _SIZE)
        return data


def pixels(text: str, where: str) -> np.ndarray:
    """Grey image (48, 48) uint8 from its values written in rows, separated by blanks."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('error', DeprecationWarning)
            values = np.fromstring(text, dtype=np.int64, sep=' ')
    except (ValueError, DeprecationWarning):
        raise ValueError(f'{where}: pixels must be integers separated by blanks') from None
    if values.size != _SIZE * _SIZE or values.min() < 0 or values.max() > 255:
        raise ValueError(
            f'{where}: expected {_SIZE} x {_SIZE} pixels in 0 to 255, got {values.size} values'
            + (f' in {values.min()} to {values.max()}' if values.size else '')
        )
    return values.astype(np.uint8).reshape(_SIZE, _SIZE)
