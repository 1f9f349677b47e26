"""From the labels of a face's pixels, as data sets have them, to the parts that regions are called after."""

from typing import Optional, Sequence

import numpy as np

# Names of data sets for the same part; None hides what is there.
OTHER_NAMES = dict(
    hat='hair', beard='skin', glasses=None, occluder=None,
    upper_lip='mouth', inner_mouth='mouth', lower_lip='mouth',  # LaPa
    u_lip='mouth', l_lip='mouth', l_eye='left_eye', r_eye='right_eye', l_brow='left_brow', r_brow='right_brow',
    l_ear='left_ear', r_ear='right_ear', cloth='clothes', neck_l='neck', eye_g=None, ear_r=None,  # CelebAMask-HQ
)  # fmt: skip
SKIN_PARTS = ('forehead', 'left cheek', 'right cheek', 'chin')


class PartMap:
    """Labels (H, W) -> the facial part of each pixel (H, W), -1 for none.

    Skin becomes forehead (above the brows), chin (below the mouth) and two cheeks. In a face that does not show both eyes,
    a brow and the mouth it is no part.

    Args:
        classes: what the labels 0, 1, ... are: names of :data:`~fra_plugin.synthetic.REGIONS`, LaPa or CelebAMask-HQ.

    Attributes:
        parts: names of the parts 0, 1, ...
    """

    def __init__(self, classes: Sequence[str]) -> None:
        names = [OTHER_NAMES.get(name, name) for name in classes]
        self.labels = {
            name: [label for label, other in enumerate(names) if other == name] for name in names if name is not None
        }
        self.parts = tuple(name.replace('_', ' ') for name in self.labels if name != 'skin') + SKIN_PARTS

    def __call__(self, labels: np.ndarray) -> np.ndarray:
        parts = np.full(labels.shape, -1, np.int64)
        for name, numbers in self.labels.items():
            if name != 'skin':
                parts[np.isin(labels, numbers)] = self.parts.index(name.replace('_', ' '))
        skin = np.isin(labels, self.labels.get('skin', []))
        left, right, mouth = (self._places(labels, name) for name in ('left_eye', 'right_eye', 'mouth'))
        brows = self._places(labels, 'left_brow', 'right_brow')
        if skin.any() and all(places is not None for places in (left, right, brows, mouth)):
            parts[skin] = self._split(np.argwhere(skin), left.mean(0), right.mean(0), brows.mean(0), mouth)
        return parts

    def _split(self, skin, left, right, brow, mouth) -> np.ndarray:
        """Part of each place (N, 2) of the skin: along the line from the eyes to the mouth, and on its two sides."""
        middle = (left + right) / 2
        down = mouth.mean(axis=0) - middle
        depth, across = (skin - middle) @ down, np.array([-down[1], down[0]])
        on_left = (skin - middle) @ across * ((left - middle) @ across) > 0
        forehead, left_cheek, right_cheek, chin = map(self.parts.index, SKIN_PARTS)
        found = np.where(on_left, left_cheek, right_cheek)
        found[depth < (brow - middle) @ down] = forehead
        found[depth > ((mouth - middle) @ down).max()] = chin
        return found

    def _places(self, labels: np.ndarray, *names: str) -> Optional[np.ndarray]:
        places = np.argwhere(np.isin(labels, [number for name in names for number in self.labels.get(name, [])]))
        return places if len(places) else None
