"""FG-NET: 1,002 photos of 82 people, each at several ages.

Source: G. Panis et al., "Overview of research on facial ageing using the FG-NET ageing database", IET Biometrics 2016.
Layout: the authors' folder ``images`` with names such as ``001A02.JPG`` (person 1 at the age of 2; ``001A43b.JPG`` is
another photo at the age of 43). Protocol: leave one person out, 82 times; the mean absolute error is over all photos.
"""

import re

from mmpretrain.registry import DATASETS

from .aged_faces import AgedFaces


@DATASETS.register_module()
class FGNet(AgedFaces):
    """``001A02.JPG`` -> ``img_path`` and ``gt_score`` (the age in years), or ``gt_label``.

    Example:
        >>> dict(type='FGNet', data_root='data/fgnet', split='test', person=7)

    Args:
        data_root: folder with ``images``, or with the images.
        split: 'train' (all people but one) or 'test' (this one). Defaults to 'train'.
        person: who is for testing, 1 to 82. Defaults to 1.
        **kwargs: ``target`` and ``max_age`` of :class:`AgedFaces`, the arguments of :class:`LabelledFaces`.

    Raises:
        ValueError: for another person, or a ``fold``.
    """

    OFFICIAL_COUNTS = dict(train=1002, test=1002)
    NAME = re.compile(r'(?P<key>[0-9]{3})[Aa](?P<age>[0-9]{2})[a-z]?\.\w+')
    WRITTEN = '001A02.JPG'
    FOLDERS = ('images', 'FGNET/images')

    def __init__(self, data_root: str, split: str = 'train', person: int = 1, **kwargs) -> None:
        if 'fold' in kwargs:
            raise ValueError('FGNet leaves out one person, not a fold: set person')
        if not 1 <= person <= 82:
            raise ValueError(f'person must be 1 to 82, got {person}')
        self.person = person
        super().__init__(data_root, split, **kwargs)

    def is_tested(self, match: 're.Match') -> bool:
        return int(match['key']) == self.person
