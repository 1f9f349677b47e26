"""Faces whose labels are measured, in the layouts in which their authors share them: ages, head poses."""

from .aflw2000 import AFLW2000
from .fg_net import FGNet
from .morph import MORPH
from .pose_300w_lp import Pose300WLP
from .utk_face import UTKFace

__all__ = ['AFLW2000', 'FGNet', 'MORPH', 'Pose300WLP', 'UTKFace']
