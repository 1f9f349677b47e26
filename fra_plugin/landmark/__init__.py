"""Landmark heads and data sets that are built on mmpose's own classes.

``import fra_plugin`` leaves them out; mmpose configs name this package in ``custom_imports``. From then on the annotation
files of mmpose's face data sets are checked, see :mod:`.checked_annotations`.
"""

from . import checked_annotations  # noqa: F401
from .aflw_subset_dataset import AFLWSubsetDataset
from .face_300w_subset_dataset import Face300WSubsetDataset
from .load_landmark_image import LoadLandmarkImage
from .star_head import STARHead
from .wflw_subset_dataset import WFLWSubsetDataset

__all__ = ['AFLWSubsetDataset', 'Face300WSubsetDataset', 'LoadLandmarkImage', 'STARHead', 'WFLWSubsetDataset']
