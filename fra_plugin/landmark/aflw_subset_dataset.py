"""AFLW with the test subset of faces whose 19 landmarks are all visible, frontal.

Source: Zhu et al., "Unconstrained Face Alignment via Cascaded Compositional Learning", CVPR 2016.
"""

from mmpose.datasets import AFLWDataset
from mmpose.registry import DATASETS

from .raw_annotation import RawAnnotation


@DATASETS.register_module()
class AFLWSubsetDataset(RawAnnotation, AFLWDataset):
    """mmpose's AFLWDataset; the subset comes from files that ``tools/dataset_converters/aflw.py`` wrote.

    Example:
        >>> dict(type='AFLWSubsetDataset', data_root='data/aflw', ann_file='annotations/face_landmarks_aflw_test.json')
    """
