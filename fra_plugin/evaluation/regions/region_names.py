"""Which facial part is a learned region? Told by faces whose landmarks, or parts pixel by pixel, are known.

A region covers a share of each facial part. It is named after the part with the largest share, and its purity is this share
divided by the sum of the shares of all parts. So every part counts the same, however large it is: otherwise skin, hair and
background would name nearly every region. Where a region covers both sides of a pair, it is named after both: "eyes".

Left and right are the person's own.
"""

import json
from itertools import islice
from pathlib import Path
from typing import Callable, Iterable, List, NamedTuple, Sequence, Tuple, Union

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import Dataset

from ...files.whole_file import whole_file
from .facial_parts import PartMap
from .region_consistency import landmark_groups, landmark_parts, landmark_regions

ONE_SIDED = 0.8  # of what a region covers of both sides: from there on it is called after one of them
SIDES = ('left ', 'right ')
BATCH = 64

Heatmaps = Callable[[List[np.ndarray]], np.ndarray]


class RegionParts(NamedTuple):
    """How much of each facial part each region covers, and the names that follow from it.

    Attributes:
        parts: names of P parts, such as 'nose' or 'left eye'.
        shares: (K, P), the share of each part that each region covers. Over the regions they sum to 1, or to 0 for a
            part that was never seen.
        faces: by which faces it was measured, in words.
        weights: SHA-256 of the checkpoint whose regions they are.
    """

    parts: Tuple[str, ...]
    shares: np.ndarray
    faces: str = ''
    weights: str = ''

    def names(self) -> List[str]:
        """Name and purity in [0, 1] of each region, such as 'left eye 0.82'; '' where it covers no part."""
        return [f'{name} {purity:.2f}' if name else '' for name, purity in map(self._name, self.shares)]

    def region(self, part: str) -> int:
        """The region that covers most of a part; 'eye' or 'eyes' is both of them.

        Raises:
            ValueError: if there is no such part.
        """
        wanted = [part in (name, *_pair(name)) for name in self.parts]
        covered = self.shares[:, wanted].sum(axis=1)
        if not covered.any():
            seen = [name for name, covered in zip(self.parts, self.shares.any(axis=0)) if covered]
            known = dict.fromkeys(
                name for part in seen for name in (*_pair(part)[1:], part)
            )  # "eyes" before "left eye"
            raise ValueError(f'no region covers {part!r}: expected one of {", ".join(known)}')
        return int(covered.argmax())

    def save(self, path: Union[str, Path]) -> None:
        """Write a json file, whole or not at all."""
        shares = [[round(float(share), 4) for share in region] for region in self.shares]
        content = dict(self._asdict(), names=self.names(), shares=shares)
        with whole_file(path) as partial:
            Path(partial).write_text(json.dumps(content) + '\n', encoding='utf-8')

    @classmethod
    def load(cls, path: Union[str, Path]) -> 'RegionParts':
        """Read what :meth:`save` has written.

        Raises:
            ValueError: for another file.
        """
        try:
            content = json.loads(Path(path).read_text(encoding='utf-8'))
            parts, shares = tuple(map(str, content['parts'])), np.array(content['shares'], float)
            found = cls(parts, shares, str(content['faces']), str(content['weights']))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f'{path} holds no names of regions ({type(error).__name__}: {error})') from None
        if shares.ndim != 2 or shares.shape[1] != len(parts):
            raise ValueError(f'{path}: expected shares of {len(parts)} parts, got {shares.shape}')
        return found

    def _name(self, shares: np.ndarray) -> Tuple[str, float]:
        most = int(shares.argmax())
        if not shares[most] > 0:
            return '', 0.0
        name, purity = self.parts[most], shares[most]
        pair = _pair(name)
        if pair:
            both = sum(share for part, share in zip(self.parts, shares) if _pair(part) == pair)
            if purity < ONE_SIDED * both:
                name, purity = pair[1], both
        return name, float(purity / shares.sum())


def parts_by_pixels(
    heatmaps: Heatmaps, faces: Iterable[Tuple[np.ndarray, np.ndarray]], part_map: PartMap
) -> RegionParts:
    """By faces whose parts are known pixel by pixel.

    Args:
        heatmaps: N images (H, W, 3) -> masks or logits (N, K, h, w).
        faces: images (H, W, 3) BGR uint8, each with a label of every pixel (H', W').
        part_map: turns the labels into facial parts.

    Raises:
        ValueError: without a face.
    """
    faces, counts = iter(faces), 0
    for batch in iter(lambda: list(islice(faces, BATCH)), []):
        for masks, (_, labels) in zip(torch.from_numpy(heatmaps([image for image, _ in batch])), batch):
            regions = F.interpolate(masks[None].float(), labels.shape, mode='bilinear')[0].argmax(dim=0).numpy()
            counts = counts + _overlap(regions, part_map(labels), len(masks), len(part_map.parts))
    return _region_parts(counts, part_map.parts)


def parts_by_landmarks(heatmaps: Heatmaps, faces: Dataset) -> RegionParts:
    """By faces with landmarks: parts are those of the mark-up, such as 'mouth' or 'jaw'.

    Args:
        heatmaps: N images (H, W, 3) -> masks or logits (N, K, h, w).
        faces: a :class:`LandmarkFaces`, of whose views the first is taken.

    Raises:
        ValueError: for a mark-up that is not known.
    """
    num_landmarks, counts = faces[0]['landmarks'].shape[1], 0
    parts, groups = tuple(landmark_parts(num_landmarks)), landmark_groups(num_landmarks)
    for start in range(0, len(faces), BATCH):
        batch = [faces[place] for place in range(start, min(start + BATCH, len(faces)))]
        masks = heatmaps([face['inputs'][0].permute(1, 2, 0).numpy() for face in batch])
        landmarks = torch.stack([face['landmarks'][0] for face in batch])
        regions = landmark_regions(torch.from_numpy(masks), landmarks, batch[0]['inputs'].shape[-1]).numpy()
        counts = counts + _overlap(regions, np.broadcast_to(groups, regions.shape), masks.shape[1], len(parts))
    return _region_parts(counts, parts)


def _overlap(regions: np.ndarray, parts: np.ndarray, num_regions: int, num_parts: int) -> np.ndarray:
    """(K, P) int64: places by region and part; those below 0 in either don't count."""
    known = (regions >= 0) & (parts >= 0)
    pairs = regions[known].astype(np.int64) * num_parts + parts[known]
    return np.bincount(pairs, minlength=num_regions * num_parts).reshape(num_regions, num_parts)


def _region_parts(counts: Union[int, np.ndarray], parts: Sequence[str]) -> RegionParts:
    if not np.any(counts):
        raise ValueError('regions get their names from faces with known parts, and there is none')
    return RegionParts(tuple(parts), counts / np.maximum(counts.sum(axis=0), 1))


def _pair(part: str) -> Tuple[str, ...]:
    """('eye', 'eyes') of 'left eye'; () of a part that has no side."""
    return next(((part[len(side) :], f'{part[len(side) :]}s') for side in SIDES if part.startswith(side)), ())
