"""AFLW2000-3D: the first 2,000 faces of AFLW with a fitted 3D model.

Source: X. Zhu et al., "Face Alignment Across Large Poses: A 3D Solution", CVPR 2016. Layout: the authors' folder
``AFLW2000`` with ``image00002.jpg`` beside ``image00002.mat``. The box is that of the 68 landmarks ``pt3d_68``; HopeNet
takes the 21 of ``pt2d``, of which hidden ones are -1.
"""

from mmpretrain.registry import DATASETS

from .posed_faces import PosedFaces


@DATASETS.register_module()
class AFLW2000(PosedFaces):
    """``AFLW2000/NAME.jpg`` and ``NAME.mat`` -> ``img_path``, ``gt_score`` (yaw, pitch, roll in degrees), ``bbox``.

    Example:
        >>> dict(type='AFLW2000', data_root='data/aflw2000')

    Args:
        data_root: folder ``AFLW2000``, or the one above it.
        split: 'test' (2,000), the only one. Defaults to 'test'.
        max_angle: faces with an angle further from 0 are left out, in degrees. Defaults to 99, which leaves 1,969 of the
            official faces. None takes all.
        margin: how much to widen the box of the landmarks, see :class:`PosedFaces`. Defaults to 0.3. None takes the
            image as it is.
        **kwargs: arguments of :class:`LabelledFaces`.
    """

    OFFICIAL_COUNTS = dict(test=2000)
    FOLDER = 'AFLW2000'
    POINTS = 'pt3d_68'

    def __init__(self, data_root: str, split: str = 'test', **kwargs) -> None:
        super().__init__(data_root, split, **kwargs)

    def is_face(self, path: str) -> bool:
        return '/' not in path
