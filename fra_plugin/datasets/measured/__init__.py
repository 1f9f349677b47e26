"""Faces whose labels are measured, in the layouts in which their authors share them: ages."""

from .fg_net import FGNet
from .morph import MORPH
from .utk_face import UTKFace

__all__ = ['FGNet', 'MORPH', 'UTKFace']
