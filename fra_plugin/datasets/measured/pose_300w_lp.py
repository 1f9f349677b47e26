"""300W-LP: 122,450 faces of 300W, rendered in larger poses by a 3D model, and mirrored.

Source: X. Zhu et al., "Face Alignment Across Large Poses: A 3D Solution", CVPR 2016. Layout: the authors' folder
``300W_LP`` with AFW, HELEN, IBUG, LFPW and their mirrored copies (``AFW_Flip``, ...), each image beside its .mat file.
"""

from mmpretrain.registry import DATASETS

from .posed_faces import PosedFaces

_SETS = ('AFW', 'HELEN', 'IBUG', 'LFPW')
_FOLDERS = {name + suffix for name in _SETS for suffix in ('', '_Flip')}


@DATASETS.register_module()
class Pose300WLP(PosedFaces):
    """``300W_LP/AFW/NAME.jpg`` and ``NAME.mat`` -> ``img_path``, ``gt_score`` (yaw, pitch, roll in degrees), ``bbox``.

    Example:
        >>> dict(type='Pose300WLP', data_root='data/300w_lp')

    Args:
        data_root: folder ``300W_LP``, or the one above it.
        split: 'train' (122,450), the only one: papers train on it and test on AFLW2000. Defaults to 'train'.
        max_angle: faces with an angle further from 0 are left out, in degrees. Defaults to 99. None takes all.
        margin: how much to widen the box of the landmarks, see :class:`PosedFaces`. Defaults to 0.3. None takes the
            image as it is.
        **kwargs: arguments of :class:`LabelledFaces`.
    """

    OFFICIAL_COUNTS = dict(train=122450)
    FOLDER = '300W_LP'
    POINTS = 'pt2d'

    def is_face(self, path: str) -> bool:
        folder, _, name = path.partition('/')
        return folder in _FOLDERS and '/' not in name
