"""MORPH II (album 2): 55,134 portraits of 13,617 people, 16 to 77 years old.

Source: K. Ricanek and T. Tesafaye, "MORPH: A Longitudinal Image Database of Normal Adult Age-Progression", FGR 2006.
Layout: the authors' folder ``Album2`` with names such as ``009055_1M54.JPG``: person, number of the photo, gender and age.
Published protocols differ; here five folds that share no person.
"""

import re

from mmpretrain.registry import DATASETS

from .aged_faces import AgedFaces


@DATASETS.register_module()
class MORPH(AgedFaces):
    """``009055_1M54.JPG`` -> ``img_path`` and ``gt_score`` (the age in years), or ``gt_label``.

    A fifth of the people is for testing, by a hash of their numbers.

    Example:
        >>> dict(type='MORPH', data_root='data/morph', split='test')

    Args:
        data_root: folder with ``Album2``, or with the images in it or in folders below.
        split: 'train' (four fifths of the people) or 'test'. Defaults to 'train'.
        target: 'number', or 'class' for one class a year, see :class:`AgedFaces`. Defaults to 'number'.
        max_age: the largest age, in years. Defaults to 116.
        fold: which fifth is for testing, 0 to 4. Defaults to 0.
        **kwargs: arguments of :class:`LabelledFaces`.
    """

    OFFICIAL_COUNTS = dict(train=55134, test=55134)
    NAME = re.compile(r'(?P<key>[0-9]+)_[0-9]+[MF](?P<age>[0-9]+)\.\w+')
    WRITTEN = '009055_1M54.JPG'
    FOLDERS = ('Album2',)
