"""Faces whose labels are measured, in the layouts in which their authors share them: ages, head poses, action units."""

from .aflw2000 import AFLW2000
from .bp4d import BP4D
from .disfa import DISFA
from .fg_net import FGNet
from .morph import MORPH
from .pose_300w_lp import Pose300WLP
from .utk_face import UTKFace

__all__ = ['AFLW2000', 'BP4D', 'DISFA', 'FGNet', 'MORPH', 'Pose300WLP', 'UTKFace']
