"""Labelled faces in the layouts in which their authors share them, and draws of fewer or balanced labels."""

from .affect_net import AffectNet
from .celeba_attributes import CelebAAttributes
from .class_balanced_sampler import ClassBalancedSampler
from .class_folders import ClassFolders
from .face_csv import FaceCSV
from .face_pairs import FacePairs
from .fer2013 import FER2013
from .fer_plus import FERPlus
from .label_budget import LabelBudget
from .raf_db import RAFDB

__all__ = [
    'AffectNet',
    'CelebAAttributes',
    'ClassBalancedSampler',
    'ClassFolders',
    'FER2013',
    'FERPlus',
    'FaceCSV',
    'FacePairs',
    'LabelBudget',
    'RAFDB',
]
