"""Faces whose pixels are labelled by facial part, in their authors' layouts."""

from .celeba_mask_hq import CelebAMaskHQ
from .label_map import LoadLabelMap
from .lapa import LaPa
from .synthetic_regions import SyntheticRegions

__all__ = ['CelebAMaskHQ', 'LaPa', 'LoadLabelMap', 'SyntheticRegions']
