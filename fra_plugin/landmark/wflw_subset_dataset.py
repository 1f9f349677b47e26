"""WFLW with the six test subsets of its authors: pose, expression, illumination, makeup, occlusion and blur.

Source: Wu et al., "Look at Boundary: A Boundary-Aware Face Alignment Algorithm", CVPR 2018.
"""

from mmpose.datasets import WFLWDataset
from mmpose.registry import DATASETS

from .raw_annotation import RawAnnotation


@DATASETS.register_module()
class WFLWSubsetDataset(RawAnnotation, WFLWDataset):
    """mmpose's WFLWDataset; the subsets come from files that ``tools/dataset_converters/wflw.py`` wrote.

    mmpose's own annotation files leave them out.

    Example:
        >>> dict(type='WFLWSubsetDataset', data_root='data/wflw', ann_file='annotations/face_landmarks_wflw_test.json')
    """
