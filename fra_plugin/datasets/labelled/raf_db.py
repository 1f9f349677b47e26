"""RAF-DB basic: 15,339 faces from the web with one of seven expressions.

Source: S. Li, W. Deng and J. Du, "Reliable Crowdsourcing and Deep Locality-Preserving Learning for Expression
Recognition in the Wild", CVPR 2017. Layout: the authors' archive `basic`, with ``EmoLabel/list_patition_label.txt``
(their spelling; ``train_00001.jpg 5`` a line, labels 1 to 7) and ``Image/aligned/train_00001_aligned.jpg``.
"""

import os.path as osp
from typing import Iterator, Tuple

from mmpretrain.registry import DATASETS

from ..annotation_file import inside, integer, text_lines
from .labelled_faces import LabelledFaces


@DATASETS.register_module()
class RAFDB(LabelledFaces):
    """``<data_root>/[basic/]EmoLabel`` and ``Image`` -> ``img_path``, ``gt_label`` 0 to 6 (label 1 to 7 of the file).

    Example:
        >>> dict(type='RAFDB', data_root='data/rafdb', split='test')

    Args:
        data_root: the folder `basic`, or the one above it.
        split: 'train' (12,271) or 'test' (3,068). Defaults to 'train'.
        aligned: take the aligned 100 px faces, else the original photos. Defaults to True.
        **kwargs: arguments of :class:`LabelledFaces`.
    """

    METAINFO = dict(classes=('surprise', 'fear', 'disgust', 'happiness', 'sadness', 'anger', 'neutral'))
    OFFICIAL_COUNTS = dict(train=12271, test=3068)

    def __init__(self, data_root: str, split: str = 'train', aligned: bool = True, **kwargs) -> None:
        self.aligned = aligned
        super().__init__(data_root, split, **kwargs)

    def read_split(self) -> Iterator[Tuple[str, dict]]:
        labels = self.find('EmoLabel/list_patition_label.txt', 'basic/EmoLabel/list_patition_label.txt')
        folder = 'aligned' if self.aligned else 'original'
        images = self.image_folder = osp.join(osp.dirname(osp.dirname(labels)), 'Image', folder)
        for where, line in text_lines(labels):
            fields = line.split()
            if len(fields) != 2 or not fields[0].startswith(('train_', 'test_')):
                raise ValueError(f'{where}: expected "train_NAME LABEL" or "test_NAME LABEL", got {line!r}')
            label = integer(fields[1], range(1, 8), where, 'the label')
            if fields[0].startswith(f'{self.split}_'):
                stem, extension = osp.splitext(fields[0])
                name = f'{stem}_aligned{extension}' if self.aligned else fields[0]
                yield where, dict(img_path=inside(images, name, where), gt_label=label - 1)
