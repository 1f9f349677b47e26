"""Faces with landmarks: mmpose's json files are written, checked and read."""

from .landmark_faces import LandmarkFaces
from .landmark_json import LandmarkJson, image_size

__all__ = ['LandmarkFaces', 'LandmarkJson', 'image_size']
