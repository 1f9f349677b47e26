"""Unlabelled faces for pre-training: in folders, in MXNet records, in tar files."""

from .face_folder import FaceFolder
from .face_records import FaceRecords
from .face_tar import FaceTar
from .unlabelled_faces import FaceList, UnlabelledFaces

__all__ = ['FaceFolder', 'FaceList', 'FaceRecords', 'FaceTar', 'UnlabelledFaces']
