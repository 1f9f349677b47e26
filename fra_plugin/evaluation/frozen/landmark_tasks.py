"""What frozen features know about places in a face: landmarks, and whether regions are facial parts."""

from typing import List

import numpy as np
import torch

from ...datasets.labelled.label_budget import budget
from ...datasets.landmarks.landmark_faces import LandmarkFaces, cut
from ..regions.region_consistency import grid_regions, landmark_groups, landmark_regions, region_consistency
from .probe import landmark_error, mean_shape_error, standardised


class LandmarkTask:
    """Landmarks by ridge regression, in crops that are not centred on them, or in those of mmpose.

    Example:
        >>> dict(type='landmarks', train='train.json', test='test.json', images='data/my_faces/images')

    Args:
        train, test: COCO-style json files, as :class:`LandmarkFaces` reads them.
        images: folder of their images.
        size: side of a crop in pixels. Defaults to 128.
        off_centre: cut squares of 1.25 to 1.65 times the landmarks' extent, off their centre by up to a tenth of it;
            another seed cuts the faces anew. If not, cut the squares that mmpose's top-down models get: 1.25 times the
            extent, in the centre. Defaults to True.
    """

    metric = 'NME, % inter-ocular'
    higher_is_better = False
    uses_labels = True
    needs = 'vectors'

    def __init__(self, train: str, test: str, images: str, size: int = 128, off_centre: bool = True) -> None:
        self.size = size
        self.fixed_faces = not off_centre
        parts = [LandmarkFaces(part, images, size, max_faces=10**9) for part in (train, test)]
        self.num_train = len(parts[0])
        self._faces = [face for part in parts for face in part.faces]
        self._load = parts[0]._load

    def files(self) -> List[str]:
        """All faces that its numbers depend on."""
        return [path for path, _ in self._faces]

    def faces(self, seed: int) -> List[np.ndarray]:
        return self._crops(seed)[0]

    def has_draws(self, share: float) -> bool:
        """Whether another seed asks something else of the same features."""
        return share < 1 or not self.fixed_faces

    def prepare(self, features: np.ndarray) -> np.ndarray:
        """Standardised by all training faces, with labels or not; ridge regression takes any number of features."""
        return np.concatenate(standardised(features[: self.num_train], features[self.num_train :]))

    def score(self, features: np.ndarray, share: float, seed: int) -> float:
        landmarks, kept = self._crops(seed, images=False)[1], self._kept(share, seed)
        n = self.num_train
        return landmark_error(features[:n][kept], landmarks[:n][kept], features[n:], landmarks[n:], standardise=False)

    def guess(self, share: float, seed: int) -> float:
        """The mean shape."""
        landmarks = self._crops(seed, images=False)[1]
        return mean_shape_error(landmarks[: self.num_train][self._kept(share, seed)], landmarks[self.num_train :])

    def _kept(self, share: float, seed: int) -> List[int]:
        return budget([None] * self.num_train, share, seed)

    def _crops(self, seed: int, images: bool = True):
        rng = np.random.default_rng(seed)
        blank = np.zeros((1, 1, 3), np.uint8)
        crops = []
        for path, landmarks in self._faces:
            low, high = np.nanmin(landmarks, axis=0), np.nanmax(landmarks, axis=0)
            extent, centre = max(*(high - low), 2), (low + high) / 2
            side = 1.25 * extent
            if not self.fixed_faces:
                centre = centre + rng.uniform(-0.1, 0.1, 2) * extent
                side = rng.uniform(1.25, 1.65) * extent
            image = self._load(dict(img_path=path))['img'] if images else blank
            crops.append(cut(image, landmarks, centre, side, self.size))
        faces, landmarks = zip(*crops)
        return list(faces), np.stack(landmarks)


class RegionTask:
    """Whether the regions are facial parts: their mutual information with groups of landmarks, in two crops a face.

    Example:
        >>> dict(type='regions', test='test.json', images='data/my_faces/images')

    Args:
        test: COCO-style json file, as :class:`LandmarkFaces` reads it.
        images: folder of its images.
        size: side of a crop in pixels. Defaults to 96.
        num_regions: cells of the fixed grid that stands for no knowledge. Defaults to 8.
    """

    metric = 'normalised mutual information of region and facial part'
    higher_is_better = True
    uses_labels = False
    fixed_faces = True
    needs = 'heatmaps'

    def __init__(self, test: str, images: str, size: int = 96, num_regions: int = 8) -> None:
        self._faces = LandmarkFaces(test, images, size, max_faces=10**9)
        self.size = size
        self.num_regions = num_regions
        self._landmarks = None

    def files(self) -> List[str]:
        """All faces that its numbers depend on."""
        return [path for path, _ in self._faces.faces]

    def faces(self, seed: int) -> List[np.ndarray]:
        crops = [self._faces[place] for place in range(len(self._faces))]
        self._landmarks = torch.cat([crop['landmarks'] for crop in crops])
        return [view.permute(1, 2, 0).numpy() for crop in crops for view in crop['inputs']]

    def has_draws(self, share: float) -> bool:
        """Whether another seed asks something else of the same features."""
        return False

    def prepare(self, features: np.ndarray) -> np.ndarray:
        return features

    def score(self, features: np.ndarray, share: float, seed: int) -> float:
        if self._landmarks is None:
            self.faces(seed)
        return self._nmi(landmark_regions(torch.from_numpy(features), self._landmarks, self.size))

    def guess(self, share: float, seed: int) -> float:
        """A fixed grid."""
        if self._landmarks is None:
            self.faces(seed)
        return self._nmi(grid_regions(self._landmarks, self.size, self.num_regions))

    def _nmi(self, regions: torch.Tensor) -> float:
        return region_consistency(regions, landmark_groups(self._faces.num_landmarks))['nmi']
