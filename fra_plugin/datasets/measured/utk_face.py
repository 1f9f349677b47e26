"""UTKFace: 23,708 faces of all ages from the web.

Source: Z. Zhang, Y. Song and H. Qi, "Age Progression/Regression by Conditional Adversarial Autoencoder", CVPR 2017.
Layout: the authors' folder ``UTKFace`` (aligned and cropped) with names such as ``26_1_2_20170116184024662.jpg.chip.jpg``:
age, gender (0 male, 1 female), race (0 to 4), date. There is no official split.
"""

import re

from mmpretrain.registry import DATASETS

from .aged_faces import AgedFaces


@DATASETS.register_module()
class UTKFace(AgedFaces):
    """``AGE_GENDER_RACE_DATE.jpg`` -> ``img_path`` and ``gt_score`` (the age in years), or ``gt_label``.

    A fifth of the images is for testing, by a hash of their names. People are not named, so that the same person may be
    in both splits. Three official names lack a field; they are left out.

    Example:
        >>> dict(type='UTKFace', data_root='data/utkface', split='test')

    Args:
        data_root: folder with ``UTKFace``, or with the images in it or in folders below.
        split: 'train' (four fifths) or 'test'. Defaults to 'train'.
        target: 'number', or 'class' for one class a year, see :class:`AgedFaces`. Defaults to 'number'.
        max_age: the largest age, in years. Defaults to 116.
        fold: which fifth is for testing, 0 to 4. Defaults to 0.
        **kwargs: arguments of :class:`LabelledFaces`.
    """

    OFFICIAL_COUNTS = dict(train=23705, test=23705)
    NAME = re.compile(r'(?P<key>(?P<age>[0-9]+)_[01]_[0-4]_.+)')
    WRITTEN = 'AGE_GENDER_RACE_DATE.jpg'
    FOLDERS = ('UTKFace',)
