"""AffectNet, manually annotated part: about 290,000 faces from the web with one of seven or eight expressions.

Source: A. Mollahosseini, B. Hasani and M. H. Mahoor, "AffectNet: A Database for Facial Expression, Valence, and Arousal
Computing in the Wild", IEEE Transactions on Affective Computing 2017. Layout: the authors' ``training.csv`` and
``validation.csv`` (subDirectory_filePath, face_x, face_y, face_width, face_height, facial_landmarks, expression, ...)
beside ``Manually_Annotated_Images``. Expressions 8 to 10 are "none", "uncertain" and "no face".
"""

from typing import Dict, Iterator, Optional, Tuple

from mmpretrain.registry import DATASETS

from ..annotation_file import box_numbers, csv_rows, inside, integer
from .labelled_faces import LabelledFaces

_BOX = ('face_x', 'face_y', 'face_width', 'face_height')
_CLASSES = ('neutral', 'happiness', 'sadness', 'surprise', 'fear', 'disgust', 'anger', 'contempt')
_OTHERS = ('contempt', 'no expression', 'an uncertain expression', 'no face in them')  # 7 to 10
_COUNTS = {7: dict(train=283901, val=3500), 8: dict(train=287651, val=4000)}


@DATASETS.register_module()
class AffectNet(LabelledFaces):
    """csv files and images -> ``img_path``, ``gt_label``, ``bbox`` (x1, y1, x2, y2 in pixels) for :class:`LoadFace`.

    Example:
        >>> dict(type='AffectNet', data_root='data/affectnet', split='val', num_classes=8)

    Args:
        data_root: folder with the csv files (or ``Manually_Annotated_file_lists``) and ``Manually_Annotated_Images``
            (or ``Manually_Annotated/Manually_Annotated_Images``).
        split: 'train' (283,901 faces with 7 classes, 287,651 with 8) or 'val' (3,500 or 4,000), the one that papers
            report, as the test split was never handed out. Defaults to 'train'.
        num_classes: 7, or 8 with contempt. Defaults to 7.
        margin: how much to widen the annotated face box on each side, as a share of its size. Defaults to 0. None takes
            the image as it is, without ``bbox``.
        **kwargs: arguments of :class:`LabelledFaces`.
    """

    OFFICIAL_COUNTS = _COUNTS[7]

    def __init__(
        self, data_root: str, split: str = 'train', num_classes: int = 7, margin: Optional[float] = 0.0, **kwargs
    ) -> None:
        if num_classes not in _COUNTS:
            raise ValueError(f'num_classes must be 7 or 8, got {num_classes}')
        if margin is not None and not 0 <= margin < float('inf'):
            raise ValueError(f'margin must be at least 0 or None, got {margin}')
        self.num_classes = num_classes
        self.margin = margin
        self.OFFICIAL_COUNTS = _COUNTS[num_classes]
        kwargs.setdefault('classes', _CLASSES[:num_classes])
        super().__init__(data_root, split, **kwargs)

    def read_split(self) -> Iterator[Tuple[str, dict]]:
        name = 'training.csv' if self.split == 'train' else 'validation.csv'
        annotations = self.find(name, f'Manually_Annotated_file_lists/{name}')
        images = self.image_folder = self.find(
            'Manually_Annotated_Images', 'Manually_Annotated/Manually_Annotated_Images'
        )
        for where, row in csv_rows(annotations, ('subDirectory_filePath', 'expression', *_BOX)):
            label = integer(row['expression'], range(11), where, 'expression')
            if label >= self.num_classes:
                self.left_out.add(f'faces with {_OTHERS[label - 7]}', where)
                continue
            data = dict(img_path=inside(images, row['subDirectory_filePath'], where), gt_label=label)
            if self.margin is not None:
                data['bbox'] = _widened(row, self.margin, where)
            yield where, data


def _widened(row: Dict[str, str], margin: float, where: str) -> Tuple[float, float, float, float]:
    """Corners of the annotated box, widened by the margin."""
    x, y, width, height = box_numbers([row[name] for name in _BOX], where, ', '.join(_BOX))
    return x - margin * width, y - margin * height, x + (1 + margin) * width, y + (1 + margin) * height
