"""A detector by its name."""

from importlib.util import find_spec
from typing import Any, Sequence

from .detector import Detector
from .haar_cascade import HaarCascade
from .mmdet_detector import MMDetDetector
from .mtcnn import MTCNN
from .yunet import YuNet

DETECTORS = dict(mtcnn=MTCNN, yunet=YuNet, haar=HaarCascade, mmdet=MMDetDetector)
NEEDED_FILES = dict(mtcnn=(), yunet=('the onnx file',), haar=(), mmdet=('the config', 'the weights'))
AUTO = 'auto'


def find_detector(name: str = AUTO, *files: str, **settings: Any) -> Detector:
    """The detector of that name.

    Example:
        >>> detector = find_detector('yunet', 'face_detection_yunet_2023mar.onnx', min_score=0.9)
        >>> detector(photo)[0].box
        (102.3, 55.1, 260.8, 262.4)

    Args:
        name: 'mtcnn', 'yunet', 'haar' or 'mmdet'. Defaults to 'auto': 'mtcnn' where facenet-pytorch is installed, else
            'haar', which needs nothing.
        *files: the onnx file of 'yunet'; the config and the weights of 'mmdet'.
        **settings: arguments of the detector, see :class:`Detector`.

    Raises:
        ValueError: for another name, or another number of files.
        ImportError: if the package of the detector is not installed.
        FileNotFoundError: if a file is missing.
    """
    name = chosen(name)
    check_files(name, files)
    return DETECTORS[name](*files, **settings)


def chosen(name: str) -> str:
    """The name that 'auto' stands for, or the name itself."""
    if name == AUTO:
        return 'mtcnn' if find_spec('facenet_pytorch') else 'haar'
    if name not in DETECTORS:
        raise ValueError(f'the detector must be one of {AUTO}, {", ".join(DETECTORS)}, got {name!r}')
    return name


def check_files(name: str, files: Sequence[str]) -> None:
    """Refuses another number of files than the detector needs."""
    if len(files) != len(NEEDED_FILES[name]):
        wanted = ' and '.join(NEEDED_FILES[name]) or 'no file'
        raise ValueError(f'the detector {name} needs {wanted}, got {", ".join(map(str, files)) or "none"}')
