"""Unlabelled faces for pre-training: in folders, in MXNet records, in tar files."""

from .face_folder import FaceFolder

__all__ = ['FaceFolder']
