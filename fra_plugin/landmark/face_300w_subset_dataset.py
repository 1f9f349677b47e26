"""300W with the subsets of its test protocol: common, challenge and their union, full.

Source: Sagonas et al., "300 Faces in-the-Wild Challenge", ICCV workshops 2013, in the split by Ren et al., CVPR 2014.
"""

from typing import List, Optional

from mmpose.datasets import Face300WDataset
from mmpose.registry import DATASETS

from .raw_annotation import RawAnnotation


@DATASETS.register_module()
class Face300WSubsetDataset(RawAnnotation, Face300WDataset):
    """mmpose's Face300WDataset; an annotation's own ``"subsets"`` list counts, and without one the file's folders.

    ibug is challenge, the test sets of helen and lfpw are common, and each of them is full. Other faces are in no
    subset.

    Example:
        >>> dict(type='Face300WSubsetDataset', data_root='data/300w',
        ...      ann_file='annotations/face_landmarks_300w_valid.json')
    """

    def parse_data_info(self, raw_data_info: dict) -> Optional[dict]:
        """Annotation and image entry of a json file -> data of one face."""
        data_info = super().parse_data_info(raw_data_info)
        data_info['raw_ann_info'].setdefault('subsets', subsets_of(raw_data_info['raw_img_info']['file_name']))
        return data_info


def subsets_of(file_name: str) -> List[str]:
    """Test subsets of an image of 300W, by its path in the authors' layout (``helen/testset/325564774_1.jpg``)."""
    folders = file_name.replace('\\', '/').lower().split('/')[:-1]
    if 'ibug' in folders:
        return ['challenge', 'full']
    if 'testset' in folders and ('helen' in folders or 'lfpw' in folders):
        return ['common', 'full']
    return []
