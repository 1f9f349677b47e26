"""Data sets of faces and their transforms: unlabelled faces to pre-train on, labelled ones to transfer to."""

from .labelled import (
    FER2013,
    RAFDB,
    AffectNet,
    CelebAAttributes,
    ClassBalancedSampler,
    ClassFolders,
    FaceCSV,
    FacePairs,
    FERPlus,
    LabelBudget,
)
from .landmarks import LandmarkFaces
from .measured import AFLW2000, BP4D, DISFA, MORPH, FGNet, Pose300WLP, UTKFace
from .parsing import CelebAMaskHQ, LaPa, LoadLabelMap, SyntheticRegions
from .transforms import (
    BrokenImageError,
    FaceCrop,
    FastColorJitter,
    FastGaussianBlur,
    FastRandomResizedCrop,
    LoadFace,
    LocatedMultiView,
    RandomFlipPose,
)
from .unlabelled import FaceFolder, FaceRecords, FaceTar

__all__ = [
    'AFLW2000',
    'AffectNet',
    'BP4D',
    'BrokenImageError',
    'CelebAAttributes',
    'CelebAMaskHQ',
    'ClassBalancedSampler',
    'ClassFolders',
    'DISFA',
    'FER2013',
    'FERPlus',
    'FGNet',
    'FaceCSV',
    'FaceCrop',
    'FaceFolder',
    'FacePairs',
    'FaceRecords',
    'FaceTar',
    'FastColorJitter',
    'FastGaussianBlur',
    'FastRandomResizedCrop',
    'LaPa',
    'LabelBudget',
    'LandmarkFaces',
    'LoadFace',
    'LoadLabelMap',
    'LocatedMultiView',
    'MORPH',
    'Pose300WLP',
    'RAFDB',
    'RandomFlipPose',
    'SyntheticRegions',
    'UTKFace',
]
