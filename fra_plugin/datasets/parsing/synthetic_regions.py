"""The drawn faces of make_synthetic_faces.py with the facial part of each pixel."""

import os.path as osp
from typing import Iterator, Tuple

from mmpretrain.registry import DATASETS

from ..annotation_file import inside
from ..landmarks.landmark_check import read_landmark_json
from .parsed_faces import ParsedFaces


@DATASETS.register_module()
class SyntheticRegions(ParsedFaces):
    """``images`` and ``regions`` -> ``img_path``, ``seg_map_path``. Nobody is in both splits.

    Left and right are the person's own.

    Example:
        >>> dict(type='SyntheticRegions', data_root='data/synthetic_faces', split='val')

    Args:
        data_root: folder that make_synthetic_faces.py has written.
        split: 'train', or 'val': every fifth identity. Defaults to 'train'.
        **kwargs: arguments of :class:`LabelledFaces`.
    """

    METAINFO = dict(
        classes=('background', 'skin', 'hair', 'left_brow', 'right_brow', 'left_eye', 'right_eye', 'nose', 'mouth')
        + ('left_ear', 'right_ear', 'neck', 'clothes', 'beard', 'glasses', 'hat', 'occluder')
    )
    OFFICIAL_COUNTS = dict(train=0, val=0)

    def read_split(self) -> Iterator[Tuple[str, dict]]:
        images = self.image_folder = self.find('images')
        regions = self.find('regions')
        path = self.find(f'annotations/landmarks_{self.split}.json')
        for image in read_landmark_json(path)['images']:
            stem = osp.splitext(image['file_name'])[0]
            yield (
                path,
                dict(
                    img_path=inside(images, image['file_name'], path),
                    seg_map_path=inside(regions, f'{stem}.png', path),
                ),
            )

    def check_count(self, count: int, of: str = '') -> None:
        """Any number is right."""
