"""What the data sets of head poses share: a .mat file beside each image, with the pose in radians."""

import os.path as osp
from typing import Dict, Iterator, Optional, Sequence, Tuple

import numpy as np
from mmengine.logging import MMLogger

from ...files.printable import printable
from ..annotation_file import LARGEST_SIDE
from ..labelled.labelled_faces import LabelledFaces
from ..unlabelled.folder_scan import scan_folder


class PosedFaces(LabelledFaces):
    """``NAME.jpg`` beside ``NAME.mat`` -> ``img_path``, ``gt_score`` (yaw, pitch, roll in degrees), ``bbox``.

    The .mat files hold ``Pose_Para`` (pitch, yaw, roll in radians, ...) and the landmarks that the box is made of. A
    subclass says which folders hold faces. SciPy reads the files; nothing in them is run.

    Args:
        data_root: folder as its authors hand it out, or the one above it.
        split: a key of ``OFFICIAL_COUNTS``. Defaults to 'train'.
        max_angle: faces with an angle further from 0 are left out and counted in the log, in degrees.
            Defaults to 99, as in papers since HopeNet (Ruiz, Chong and Rehg, CVPRW 2018). None takes all.
        margin: k: the box of the landmarks is widened by 0.6 k of its size at the left, right and bottom, and by 2 k at
            the top, as in HopeNet's training, where k is drawn from 0.2 to 0.4. Defaults to 0.3. None takes the image as
            it is, without ``bbox``.
        **kwargs: arguments of :class:`LabelledFaces`. The published number of faces is that before ``max_angle``.

    Raises:
        FileNotFoundError: for an image without its .mat file.
        ValueError: for a file that is no .mat file, lacks an entry, or whose angles or landmarks are not finite numbers;
            the file and the entry are named.
    """

    METAINFO = dict(classes=('yaw', 'pitch', 'roll'))
    FOLDER = ''
    POINTS = ''

    def __init__(
        self,
        data_root: str,
        split: str = 'train',
        max_angle: Optional[float] = 99.0,
        margin: Optional[float] = 0.3,
        **kwargs,
    ) -> None:
        if max_angle is not None and not max_angle > 0:
            raise ValueError(f'max_angle must be above 0 or None, got {max_angle}')
        if margin is not None and not 0 <= margin < float('inf'):
            raise ValueError(f'margin must be at least 0 or None, got {margin}')
        self.max_angle = max_angle
        self.margin = margin
        super().__init__(data_root, split, **kwargs)

    def is_face(self, path: str) -> bool:
        """Whether an image in this place, relative to the folder, is one of the data set's faces."""
        raise NotImplementedError

    def read_split(self) -> Iterator[Tuple[str, dict]]:
        root = self.image_folder = osp.normpath(self.find(self.FOLDER, '.'))
        paths = [path for path in scan_folder(root, follow_links=self.follow_links).paths if self.is_face(path)]
        self._num_faces = len(paths)
        MMLogger.get_current_instance().info(f'{type(self).__name__}: reading {len(paths):,} .mat files in {root}')
        for path in paths:
            image = osp.join(root, path)
            where = f'{osp.splitext(image)[0]}.mat'
            entries = read_mat(where, ['Pose_Para'] + [self.POINTS] * (self.margin is not None))
            pose = degrees(entries['Pose_Para'], where)
            if self.max_angle is not None and max(map(abs, pose)) > self.max_angle:
                self.left_out.add(f'faces with an angle beyond {self.max_angle:g} degrees', where)
                continue
            data = dict(img_path=image, gt_score=pose)
            if self.margin is not None:
                data['bbox'] = points_box(entries[self.POINTS], self.margin, f'{where}: {self.POINTS}')
            yield where, data

    def check_count(self, count: int, of: str = '') -> None:
        """The published number counts faces of any angle."""
        super().check_count(self._num_faces, of)


def read_mat(path: str, names: Sequence[str]) -> Dict[str, np.ndarray]:
    """Numeric entries of a .mat file (MATLAB 4 to 7.2).

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no such file, or lacks an entry.
    """
    from scipy.io import loadmat

    if not osp.isfile(path):
        raise FileNotFoundError(f'{printable(path)}: no such file; expected the pose of the image of this name')
    try:
        found = loadmat(path, variable_names=list(names))
    except Exception as error:  # whatever SciPy makes of bytes that are no .mat file
        raise ValueError(f'{printable(path)}: not a .mat file of MATLAB 4 to 7.2 ({error})') from error
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(f'{printable(path)}: no entry {", ".join(missing)}')
    for name in names:
        if found[name].dtype.kind not in 'iuf':
            raise ValueError(f'{printable(path)}: {name} must hold numbers, got an array of {found[name].dtype}')
    return {name: np.asarray(found[name], dtype=np.float64) for name in names}


def degrees(pose: np.ndarray, where: str) -> Sequence[float]:
    """``Pose_Para`` (pitch, yaw, roll in radians, ...) -> [yaw, pitch, roll] in degrees."""
    angles = pose.ravel()[:3]
    if len(angles) < 3 or not np.isfinite(angles).all():
        raise ValueError(
            f'{where}: Pose_Para must begin with pitch, yaw and roll, three finite numbers, got {angles.tolist()}'
        )
    pitch, yaw, roll = np.degrees(angles).tolist()
    return [yaw, pitch, roll]


def points_box(points: np.ndarray, margin: float, where: str) -> Tuple[float, float, float, float]:
    """The box of landmarks (2 or 3, N), widened; x1, y1, x2, y2 in pixels."""
    good = points.ndim == 2 and len(points) > 1 and points.size and np.isfinite(points[:2]).all()
    if not good or np.abs(points[:2]).max() > LARGEST_SIDE:
        raise ValueError(f'{where} must be coordinates (2, N), finite and up to {LARGEST_SIDE}, got {points.shape}')
    (left, top), (right, bottom) = points[:2].min(axis=1).tolist(), points[:2].max(axis=1).tolist()
    width, height = right - left, bottom - top
    if not (width > 0 and height > 0):
        raise ValueError(f'{where} must span a box, got {width:g} x {height:g} pixels')
    return (
        left - 0.6 * margin * width,
        top - 2 * margin * height,
        right + 0.6 * margin * width,
        bottom + 0.6 * margin * height,
    )
