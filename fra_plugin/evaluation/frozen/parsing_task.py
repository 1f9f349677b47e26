"""What frozen maps know about facial parts: the class of each pixel."""

from typing import Dict, List, Optional

import numpy as np
from mmpretrain.registry import DATASETS

from ...datasets.labelled.label_agreement import class_names, require_same_classes
from ...datasets.labelled.label_budget import budget
from ...datasets.parsing.label_map import read_label_map
from ...datasets.parsing.parsed_faces import label_map_files
from ...datasets.wrapped import data_info
from ..parsing_scores import count_pixels, parsing_scores
from .pixel_probe import predict_pixels


class ParsingTask:
    """Facial parts by a linear layer on a map, see :func:`predict_pixels`.

    Example:
        >>> faces = dict(type='SyntheticRegions', data_root='data/synthetic_faces')
        >>> dict(type='parsing', train=dict(faces, split='train'), test=dict(faces, split='val'))

    Args:
        train, test: configs of data sets whose faces have label maps and which have the same classes, the background
            first.
        size: side in pixels to which the label maps are resized, and at which pixels are counted. Defaults to 128.
        pixels: drawn from each training face. Defaults to 128.
        max_train: take this many training faces, spread evenly. Defaults to None, all.

    Raises:
        ValueError: if the classes differ, or faces have no label maps.
    """

    metric = 'mean IoU over the parts, %'
    higher_is_better = True
    uses_labels = True
    fixed_faces = True
    needs = 'maps'
    by_class = True

    def __init__(
        self, train: dict, test: dict, size: int = 128, pixels: int = 128, max_train: Optional[int] = None
    ) -> None:
        datasets = [DATASETS.build(config) for config in (train, test)]
        require_same_classes(list(zip(('the training part', 'the test part'), map(class_names, datasets))))
        self.classes = class_names(datasets[0])
        parts = [[data_info(dataset, place) for place in range(len(dataset))] for dataset in datasets]
        if not self.classes or not all('num_classes' in data for part in parts for data in part):
            raise ValueError(f'{train.get("type")} and {test.get("type")} must name their classes and have label maps')
        if max_train is not None and len(parts[0]) > max_train:
            places = np.linspace(0, len(parts[0]) - 1, max_train).round().astype(int)
            parts[0] = [parts[0][place] for place in places]
        self.size, self.pixels, self.num_train = size, pixels, len(parts[0])
        self._faces = parts[0] + parts[1]
        self._labels: Dict[int, np.ndarray] = {}

    def files(self) -> List[str]:
        """All faces and label maps that its numbers depend on."""
        return self.faces(0) + [path for data in self._faces for path in label_map_files(data)]

    def faces(self, seed: int) -> List[str]:
        return [data['img_path'] for data in self._faces]

    def has_draws(self, share: float) -> bool:
        """Whether another seed asks something else of the same features."""
        return True

    def prepare(self, features: np.ndarray) -> np.ndarray:
        return features

    def score(self, features: np.ndarray, share: float, seed: int) -> Dict[str, float]:
        kept = self._kept(share, seed)
        predicted = predict_pixels(
            features[kept],
            self._label_maps(kept),
            features[self.num_train :],
            num_classes=len(self.classes),
            pixels=self.pixels,
            seed=seed,
        )
        return self._scores(predicted)

    def guess(self, share: float, seed: int) -> Dict[str, float]:
        """The most frequent class of each place."""
        votes = np.zeros((len(self.classes), self.size, self.size), np.int32)
        for labels in self._label_maps(self._kept(share, seed)):
            np.add.at(votes, (labels, *np.indices(labels.shape)), 1)
        return self._scores(np.broadcast_to(votes.argmax(0), (len(self._faces) - self.num_train, *votes.shape[1:])))

    def _scores(self, predicted: np.ndarray) -> Dict[str, float]:
        truth = self._label_maps(list(range(self.num_train, len(self._faces))))
        scores = parsing_scores(count_pixels(predicted, truth, len(self.classes)), self.classes)
        return {'': scores.pop('mIoU'), **scores}

    def _label_maps(self, faces: List[int]) -> np.ndarray:
        """(N, S, S) uint8; each file is read once."""
        for face in faces:
            if face not in self._labels:
                self._labels[face] = read_label_map(self._faces[face], (self.size, self.size))
        return np.stack([self._labels[face] for face in faces])

    def _kept(self, share: float, seed: int) -> List[int]:
        return budget([None] * self.num_train, share, seed)
