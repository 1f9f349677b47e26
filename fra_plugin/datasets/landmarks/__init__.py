"""Faces with landmarks: mmpose's json files are written, checked and read."""

from .landmark_faces import LandmarkFaces

__all__ = ['LandmarkFaces']
