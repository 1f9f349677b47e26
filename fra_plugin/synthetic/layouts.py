"""The truth about a set of faces, written in the layouts of the data sets that readers exist for.

All images are hard links to those in ``images`` (copies where the file system has no links).
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List

import numpy as np

from ..datasets.landmarks.landmark_json import LandmarkJson
from .canvas import REGIONS
from .identity import IMAGES_PER_IDENTITY


@dataclass(eq=False)
class Face:
    """What is known about an image, without its pixels; the fields are those of ``render_face``."""

    index: int
    identity: int
    landmarks: np.ndarray
    visible: np.ndarray
    expression: int
    attributes: Dict[str, bool]
    pose: tuple

    @property
    def stem(self) -> str:
        """Path below ``images`` and ``regions``, without its ending."""
        return f'id{self.identity:04d}/{self.index % IMAGES_PER_IDENTITY:04d}'

    @property
    def held_out(self) -> bool:
        """One identity of five is for validation."""
        return self.identity % 5 == 1


def write_layouts(root: Path, faces: List[Face], size: int, seed: int) -> None:
    """Write all of them below ``root``, whose ``images`` are there already."""
    _write_lines(root / 'train.txt', [f'{face.stem}.jpg' for face in faces if not face.held_out])
    _landmarks(root, faces, size)
    _raf_db(root, faces)
    _celeba(root, faces)
    _lfw(root, faces, seed)
    labels = {str(number): name for number, name in enumerate(REGIONS)}
    legend = dict(labels=labels, sides="left and right are the person's own")
    (root / 'regions' / 'legend.json').write_text(json.dumps(legend, indent=2) + '\n')


def _place(root: Path, face: Face, target: Path) -> None:
    """Put the image of ``face`` at ``target`` too."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source = root / 'images' / f'{face.stem}.jpg'
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _write_lines(path: Path, lines: List[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(f'{line}\n' for line in lines))


def _landmarks(root: Path, faces: List[Face], size: int) -> None:
    """``annotations/landmarks_{train,val}.json``, for mmpose's Face300WDataset."""
    for split, held_out in (('train', False), ('val', True)):
        json_file = LandmarkJson()
        for face in faces:
            if face.held_out == held_out:
                json_file.add(
                    f'{face.stem}.jpg',
                    (size, size),
                    face.landmarks.astype(float).round(2),
                    np.where(face.visible, 2, 1),
                    identity=face.identity,
                    expression=face.expression,
                    pose=[round(angle, 1) for angle in face.pose],
                )
        json_file.write(str(root / 'annotations' / f'landmarks_{split}.json'))


def _raf_db(root: Path, faces: List[Face]) -> None:
    """RAF-DB: ``EmoLabel/list_patition_label.txt`` (its authors' spelling) and ``Image/aligned``."""
    lines, counts = [], dict(train=0, test=0)
    for face in faces:
        split = 'test' if face.held_out else 'train'
        counts[split] += 1
        name = f'{split}_{counts[split]:0{4 if face.held_out else 5}d}'
        lines.append(f'{name}.jpg {face.expression}')
        _place(root, face, root / 'Image' / 'aligned' / f'{name}_aligned.jpg')
    _write_lines(root / 'EmoLabel' / 'list_patition_label.txt', lines)


def _celeba(root: Path, faces: List[Face]) -> None:
    """CelebA: the lists in ``Anno`` and ``Eval``, and ``Img/img_align_celeba``."""
    names = sorted(faces[0].attributes)
    attributes, partition, identities = [str(len(faces)), ' '.join(names)], [], []
    for face in faces:
        name = f'{face.index + 1:06d}.jpg'
        attributes.append(f'{name} ' + ' '.join(f'{1 if face.attributes[key] else -1:2d}' for key in names))
        part = 0 if not face.held_out else 2 if face.identity % 10 == 1 else 1
        partition.append(f'{name} {part}')
        identities.append(f'{name} {face.identity + 1}')
        _place(root, face, root / 'Img' / 'img_align_celeba' / name)
    _write_lines(root / 'Anno' / 'list_attr_celeba.txt', attributes)
    _write_lines(root / 'Anno' / 'identity_CelebA.txt', identities)
    _write_lines(root / 'Eval' / 'list_eval_partition.txt', partition)


def _lfw(root: Path, faces: List[Face], seed: int) -> None:
    """LFW: ``lfw/pairs.txt`` over the held-out identities, in folds that share none; left out below four of them."""
    people: Dict[int, List[int]] = {}
    for face in faces:
        if face.held_out:
            numbers = people.setdefault(face.identity, [])
            numbers.append(len(numbers) + 1)
            _place(
                root, face, root / 'lfw' / f'id{face.identity:04d}' / f'id{face.identity:04d}_{len(numbers):04d}.jpg'
            )
    folds = min(10, len(people) // 2)
    if folds < 2:
        return
    rng = np.random.default_rng([seed, 4])
    groups = [sorted(people)[fold::folds] for fold in range(folds)]
    same, different = [], []
    for group in groups:
        images = [(person, number) for person in group for number in people[person]]
        pairs = [(a, b) for k, a in enumerate(images) for b in images[k + 1 :]]
        same.append([f'id{a:04d}\t{m}\t{n}' for (a, m), (b, n) in pairs if a == b])
        others = [f'id{a:04d}\t{m}\tid{b:04d}\t{n}' for (a, m), (b, n) in pairs if a != b]
        different.append([others[k] for k in rng.permutation(len(others))])
    count = min(len(pairs) for pairs in same + different)
    if count:
        _write_lines(
            root / 'lfw' / 'pairs.txt',
            [f'{folds}\t{count}'] + [line for a, b in zip(same, different) for line in a[:count] + b[:count]],
        )
