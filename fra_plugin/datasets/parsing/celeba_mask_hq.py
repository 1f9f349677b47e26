"""CelebAMask-HQ: 30,000 faces of 18 labelled parts at 512 x 512 pixels.

Source: C.-H. Lee et al., "MaskGAN: Towards Diverse and Interactive Facial Image Manipulation", CVPR 2020. Layout: the
authors' archive, with ``CelebA-HQ-img/IDX.jpg``, ``CelebAMask-HQ-mask-anno/0/00000_skin.png`` (folder IDX / 2000; a file
for each part that is visible) and ``CelebA-HQ-to-CelebA-mapping.txt`` (idx, orig_idx, orig_file). The masks are merged in
the authors' order, and the splits are those of CelebA as their script draws them, by orig_idx.
"""

import os
from typing import Iterator, Tuple

from mmpretrain.registry import DATASETS

from ..annotation_file import is_integer, text_lines
from .parsed_faces import ParsedFaces

_SPLITS = dict(train=range(162771), val=range(162771, 182638), test=range(182638, 202599))
_FACES_IN_FOLDER = 2000


@DATASETS.register_module()
class CelebAMaskHQ(ParsedFaces):
    """Images and the mask of each part -> ``img_path``, ``part_masks``, from which :class:`LoadLabelMap` makes one map.

    l_eye, l_brow and l_ear are named as in the files; u_lip and l_lip are the upper and the lower lip, eye_g glasses,
    ear_r earrings, neck_l a necklace.

    Example:
        >>> dict(type='CelebAMaskHQ', data_root='data/CelebAMask-HQ', split='test')

    Args:
        data_root: folder with CelebA-HQ-img, CelebAMask-HQ-mask-anno and CelebA-HQ-to-CelebA-mapping.txt.
        split: 'train' (24,183), 'val' (2,993) or 'test' (2,824). Defaults to 'train'.
        **kwargs: arguments of :class:`LabelledFaces`.
    """

    METAINFO = dict(
        classes=('background', 'skin', 'nose', 'eye_g', 'l_eye', 'r_eye', 'l_brow', 'r_brow', 'l_ear', 'r_ear')
        + ('mouth', 'u_lip', 'l_lip', 'hair', 'hat', 'ear_r', 'neck_l', 'neck', 'cloth')
    )
    OFFICIAL_COUNTS = dict(train=24183, val=2993, test=2824)

    def read_split(self) -> Iterator[Tuple[str, dict]]:
        images = self.image_folder = self.find('CelebA-HQ-img')
        masks = self.find('CelebAMask-HQ-mask-anno', 'CelebAMaskHQ-mask-anno')
        numbers = {name: number for number, name in enumerate(self.METAINFO['classes'])}
        listings = {}
        for where, line in text_lines(self.find('CelebA-HQ-to-CelebA-mapping.txt')):
            fields = line.split()
            if fields[:1] == ['idx']:
                continue
            if len(fields) != 3 or not all(map(is_integer, fields[:2])):
                raise ValueError(f'{where}: expected idx, orig_idx and orig_file, got {line[:60]!r}')
            index, original = int(fields[0]), int(fields[1])
            if not any(original in part for part in _SPLITS.values()):
                raise ValueError(f'{where}: orig_idx must be from 0 to {_SPLITS["test"][-1]}, got {original}')
            if original not in _SPLITS[self.split]:
                continue
            folder = os.path.join(masks, str(index // _FACES_IN_FOLDER))
            if folder not in listings:
                listings[folder] = set(os.listdir(folder)) if os.path.isdir(folder) else set()
            parts = [
                (os.path.join(folder, f'{index:05d}_{name}.png'), number)
                for name, number in numbers.items()
                if f'{index:05d}_{name}.png' in listings[folder]
            ]
            if not parts:
                raise FileNotFoundError(f'{where}: no mask {os.path.join(folder, f"{index:05d}_*.png")}')
            yield where, dict(img_path=os.path.join(images, f'{index}.jpg'), part_masks=parts)
