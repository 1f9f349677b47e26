"""Faces that look like another face: nearest neighbours by the embedding of the whole face, or of one of its regions."""

import os
from typing import Callable, Dict, Optional, Sequence, Union

import numpy as np

from ..datasets.given_images import Image, list_images


class SimilarFaces:
    """Faces to search: those that look most like another face, as a whole or in one facial part.

    Example:
        >>> faces = SimilarFaces(FRAFeatures('fra_r18w32_96px'), 'folder/of/faces')
        >>> faces.similar('ann.jpg', region='mouth')
        {'names': array(['ben.jpg', ...], ...), 'similarity': array([0.98, ...], dtype=float32)}

    Args:
        features: a :class:`~fra_plugin.apis.FRAFeatures`; for facial parts that of a whole FRA checkpoint.
        images: what it takes, usually a folder.
        batch_size: images at once. Defaults to 32.
        progress: show a progress bar. Defaults to None: on a terminal.
        skip_broken: leave out files that can't be read. Defaults to False, an error.

    Attributes:
        names, sources: of the images that are searched.
        left_out: with ``skip_broken``, a line for each file that can't be read.

    Raises:
        FileNotFoundError, ValueError, TypeError: as ``features`` does.
    """

    def __init__(
        self,
        features: Callable,
        images: Union[Image, Sequence[Image]],
        batch_size: int = 32,
        progress: Optional[bool] = None,
        *,
        skip_broken: bool = False,
    ) -> None:
        self.features = features
        names, sources = list_images(images)
        what = ['embedding'] + ['region_embedding'] * (features.model is not None)
        self._known = features(sources, batch_size, what, progress, skip_broken=skip_broken)
        places = self._known['places'] if skip_broken else range(len(sources))
        self.names, self.sources = ([of_all[place] for place in places] for of_all in (names, sources))
        self.left_out = self._known['left_out'].tolist() if skip_broken else []

    def similar(self, face: Image, region: Union[None, str, int] = None, count: int = 8) -> Dict[str, np.ndarray]:
        """The faces that are nearest to a face by the cosine of their embeddings, the nearest first.

        Args:
            face: a file or an array. The file itself is not among the answers.
            region: a facial part, such as 'mouth', for which the region that covers most of it is taken (see
                :meth:`~fra_plugin.apis.FRAFeatures.name_regions`), or the number of a region. Defaults to None, the whole face.
            count: how many, or as many as there are. Defaults to 8.

        Returns:
            ``names`` as ``features`` gives them, ``places`` in the list of images, and ``similarity`` in [-1, 1],
            all (count, ).

        Raises:
            FileNotFoundError, TypeError: as ``features`` does.
            ValueError: for an image that can't be read, a part that no region covers, a region that isn't there or has no
                name, or a count below 1.
        """
        if not isinstance(count, (int, np.integer)) or count < 1:
            raise ValueError(f'count must be a whole number of at least 1, got {count!r}')
        what, place = ('embedding', ()) if region is None else ('region_embedding', (self.region(region),))
        wanted = self.features([face], what=[what], progress=False)[what][(0, *place)]
        known = self._known[what][(slice(None), *place)]
        similarity = (known @ wanted) / (np.linalg.norm(known, axis=1) * np.linalg.norm(wanted)).clip(1e-12)
        order = [place for place in np.argsort(-similarity, kind='stable') if not _same_file(self.sources[place], face)]
        found = np.array(order[:count], int)
        return dict(names=np.array(self.names)[found], places=found, similarity=similarity[found])

    def region(self, region: Union[str, int]) -> int:
        """Number of a region, as :func:`region_number`."""
        return region_number(self.features, region)


def region_number(features: Callable, region: Union[str, int]) -> int:
    """Number of a region of a model, which may be called by its number or by a facial part.

    Raises:
        ValueError: as :meth:`SimilarFaces.similar`.
    """
    if features.model is None:
        raise ValueError('regions need a whole FRA checkpoint, this one is a backbone')
    if isinstance(region, str):
        if features.region_parts is None:
            raise ValueError(f'the regions have no names yet, so {region!r} is not known: call name_regions() first')
        return features.region_parts.region(region)
    num_regions = len(features.model.neck.heatmap_head.prototype)
    if isinstance(region, bool) or not isinstance(region, (int, np.integer)) or not 0 <= region < num_regions:
        raise ValueError(f'the region must be a facial part or a number from 0 to {num_regions - 1}, got {region!r}')
    return int(region)


def _same_file(first: Image, second: Image) -> bool:
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        return False
    return os.path.realpath(first) == os.path.realpath(second)
