"""From photos to faces: detectors behind one interface, and the table of what they found and how it was cut."""

from .detector import DetectedFace, Detector
from .detectors import DETECTORS, find_detector
from .haar_cascade import HaarCascade
from .mmdet_detector import MMDetDetector
from .mtcnn import MTCNN
from .photo_crops import CropSummary, crop_photos
from .yunet import YuNet

__all__ = [
    'DETECTORS',
    'CropSummary',
    'Detector',
    'DetectedFace',
    'HaarCascade',
    'MMDetDetector',
    'MTCNN',
    'YuNet',
    'crop_photos',
    'find_detector',
]
