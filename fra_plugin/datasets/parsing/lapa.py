"""LaPa: 22,176 faces of 11 labelled parts, many in large poses, with expressions or occluded.

Source: Y. Liu et al., "A New Dataset and Boundary-Attention Semantic Segmentation for Face Parsing", AAAI 2020. Layout:
the authors' archive, with ``images/NAME.jpg`` and ``labels/NAME.png`` in each of the folders train, val and test.
"""

import os
from typing import Iterator, Tuple

from mmpretrain.registry import DATASETS

from ..image_files import is_image_name
from .parsed_faces import ParsedFaces


@DATASETS.register_module()
class LaPa(ParsedFaces):
    """``images`` and ``labels`` of a split -> ``img_path``, ``seg_map_path``.

    Example:
        >>> dict(type='LaPa', data_root='data/LaPa', split='test')

    Args:
        data_root: folder with train, val and test.
        split: 'train' (18,176), 'val' (2,000) or 'test' (2,000). Defaults to 'train'.
        **kwargs: arguments of :class:`LabelledFaces`.
    """

    METAINFO = dict(
        classes=(
            'background',
            'skin',
            'left_brow',
            'right_brow',
            'left_eye',
            'right_eye',
            'nose',
            'upper_lip',
            'inner_mouth',
            'lower_lip',
            'hair',
        )
    )
    OFFICIAL_COUNTS = dict(train=18176, val=2000, test=2000)

    def read_split(self) -> Iterator[Tuple[str, dict]]:
        folder = self.image_folder = self.find(f'{self.split}/images')
        labels = self.find(f'{self.split}/labels')
        for name in sorted(os.listdir(folder)):
            if is_image_name(name):
                path = os.path.join(folder, name)
                label = os.path.join(labels, os.path.splitext(name)[0] + '.png')
                yield path, dict(img_path=path, seg_map_path=label)
