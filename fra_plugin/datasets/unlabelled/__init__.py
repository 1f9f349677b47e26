"""Unlabelled faces for pre-training: a tree of image files, scanned once and remembered."""

from .face_folder import FaceFolder

__all__ = ['FaceFolder']
