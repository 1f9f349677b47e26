"""Tiny face data sets in the layouts that their authors hand out; every function returns the folder to read."""

import csv
import json
from pathlib import Path
from typing import Sequence

import cv2
import numpy as np

FER_USAGES = dict(train='Training', val='PublicTest', test='PrivateTest')
VOTES = ('neutral', 'happiness', 'surprise', 'sadness', 'anger', 'disgust', 'fear', 'contempt', 'unknown', 'NF')


def face(path: Path, seed: int = 0, size: int = 24) -> Path:
    """An image of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8))
    return path


def table(path: Path, rows: Sequence[Sequence]) -> Path:
    """A csv file, the first row being its header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'w', newline='') as file:
        csv.writer(file).writerows(rows)
    return path


def rafdb(root: Path, train: int = 14, test: int = 7) -> Path:
    """Labels 1, 2, ... 7, 1, ..."""
    lines = []
    for split, count in dict(train=train, test=test).items():
        for i in range(count):
            lines.append(f'{split}_{i + 1:05d}.jpg {i % 7 + 1}')
            face(root / f'Image/aligned/{split}_{i + 1:05d}_aligned.jpg', i)
            face(root / f'Image/original/{split}_{i + 1:05d}.jpg', i, size=32)
    (root / 'EmoLabel').mkdir()
    (root / 'EmoLabel/list_patition_label.txt').write_text('\n'.join(lines) + '\n')
    return root


def affectnet(root: Path, labels: Sequence[int] = (*range(11), 0, 0, 0)) -> Path:
    """The same rows in both splits; every face box is the image without a border of 4 pixels."""
    header = [
        'subDirectory_filePath',
        'face_x',
        'face_y',
        'face_width',
        'face_height',
        'facial_landmarks',
        'expression',
        'valence',
        'arousal',
    ]
    for name in ('training', 'validation'):
        rows = [
            [f'{i % 2 + 1}/{name}{i}.jpg', 4, 4, 16, 16, '1.0;2.0', label, 0.1, 0.2] for i, label in enumerate(labels)
        ]
        table(root / f'{name}.csv', [header, *rows])
        for i, row in enumerate(rows):
            face(root / 'Manually_Annotated_Images' / row[0], i)
    return root


def fer2013(root: Path, count: int = 7) -> Path:
    """``count`` grey faces in each split, labels 0, 1, ... 6, 0, ...; face i has the value i in all pixels."""
    rows = [[i % 7, ' '.join([str(i)] * 48 * 48), usage] for usage in FER_USAGES.values() for i in range(count)]
    table(root / 'fer2013.csv', [['emotion', 'pixels', 'Usage'], *rows])
    return root


def ferplus(root: Path, votes: Sequence[Sequence[int]] = None) -> Path:
    """FER2013 with the given votes in each split, or eight faces that have all votes for one expression each."""
    votes = [[10 * (i == j) for j in range(10)] for i in range(8)] if votes is None else votes
    fer2013(root, len(votes))
    rows = [[usage, f'fer{i:07d}.png', *vote] for usage in FER_USAGES.values() for i, vote in enumerate(votes)]
    table(root / 'fer2013new.csv', [['Usage', 'Image name', *VOTES], *rows])
    return root


def celeba(root: Path, counts: Sequence[int] = (8, 4, 4), attributes: int = 40) -> Path:
    """Face n (from 1) has attribute a (from 0) if n + a is even."""
    partitions = [split for split, count in enumerate(counts) for _ in range(count)]
    names = [f'{i:06d}.jpg' for i in range(1, len(partitions) + 1)]
    for i, name in enumerate(names):
        face(root / 'img_align_celeba' / name, i)
    rows = [
        f'{name} ' + ' '.join('1' if (n + a) % 2 == 0 else '-1' for a in range(attributes))
        for n, name in enumerate(names, 1)
    ]
    (root / 'list_attr_celeba.txt').write_text(
        '\n'.join([str(len(names)), ' '.join(f'Attribute_{a}' for a in range(attributes)), *rows]) + '\n'
    )
    (root / 'list_eval_partition.txt').write_text(
        ''.join(f'{name} {split}\n' for name, split in zip(names, partitions))
    )
    return root


def face_csv(root: Path, per_class: int = 2) -> Path:
    """Seven labels a to g and two attributes, in the splits train and val."""
    rows = []
    for split in ('train', 'val'):
        for i in range(7 * per_class):
            path = face(root / f'{split}{i}.png', i)
            rows.append([path.name, 'abcdefg'[i % 7], split, i % 2, (i + 1) % 2])
    table(root / 'labels.csv', [['path', 'label', 'split', 'smile', 'glasses'], *rows])
    return root


def muxspace(root: Path, per_class: int = 2) -> Path:
    """Its five frequent expressions and a rare one, in the splits train and val."""
    expressions = ['neutral', 'happiness', 'surprise', 'sadness', 'anger', 'fear']
    rows = [
        [face(root / 'images' / f'{split}{i}.png', i).name, expressions[i % 6], split]
        for split in ('train', 'val')
        for i in range(6 * per_class)
    ]
    table(root / 'labels.csv', [['file_name', 'expression', 'split'], *rows])
    return root


def lfw_attributes(root: Path) -> Path:
    """Gender, smile and glasses as 1 and 2, one face without, in the splits train and val."""
    rows = []
    for split in ('train', 'val'):
        for i in range(9):
            attributes = [1 + (i >> bit) % 2 for bit in range(3)] if i else [''] * 3
            rows.append([face(root / 'images' / f'{split}{i}.png', i).name, split, *attributes])
    table(root / 'attributes.csv', [['file_name', 'split', 'gender', 'smile', 'glasses'], *rows])
    return root


def face_folders(root: Path) -> Path:
    """Seven folders of two faces in each of train and val."""
    for i in range(28):
        face(root / ('train', 'val')[i % 2] / 'abcdefg'[i // 2 % 7] / f'{i}.jpg', i)
    return root


def lfw(root: Path, folds: int = 10, size: int = 2) -> Path:
    """``folds`` times ``size`` pairs of each kind; each person has two images."""
    lines = [f'{folds}\t{size}']
    for fold in range(folds):
        people = [f'Person_{fold}_{i}' for i in range(size + 1)]
        for seed, person in enumerate(people):
            for number in (1, 2):
                face(root / 'lfw' / person / f'{person}_{number:04d}.jpg', 100 * fold + seed + number)
        lines += [f'{person}\t1\t2' for person in people[:size]]
        lines += [f'{a}\t1\t{b}\t2' for a, b in zip(people, people[1:])]
    (root / 'pairs.txt').write_text('\n'.join(lines) + '\n')
    return root


def synthetic_regions(root: Path, train: int = 8, val: int = 4, size: int = 24) -> Path:
    """Drawn faces with label maps: a nose (7) whose place differs from face to face, on background."""
    for split, count in dict(train=train, val=val).items():
        images, annotations = [], []
        for i in range(count):
            name = f'{split}/{i:04d}'
            face(root / 'images' / f'{name}.jpg', i, size)
            labels = np.zeros((size, size), np.uint8)
            row, column = np.random.default_rng([len(split), i]).integers(0, size - 8, 2)
            labels[row : row + 8, column : column + 8] = 7
            (root / 'regions' / split).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(root / 'regions' / f'{name}.png'), labels)
            images.append(dict(id=i, file_name=f'{name}.jpg'))
            annotations.append(dict(image_id=i, keypoints=[1, 1, 2]))
        (root / 'annotations').mkdir(exist_ok=True)
        content = json.dumps(dict(images=images, annotations=annotations))
        (root / f'annotations/landmarks_{split}.json').write_text(content)
    return root


def lapa(root: Path, count: int = 6, size: int = 24) -> Path:
    """Label maps of the 11 classes in stripes."""
    for split in ('train', 'val', 'test'):
        (root / split / 'labels').mkdir(parents=True)
        for i in range(count):
            face(root / split / 'images' / f'{i}_0.jpg', i, size)
            labels = np.arange(size)[:, None].repeat(size, 1) % 11
            cv2.imwrite(str(root / split / 'labels' / f'{i}_0.png'), labels)
    return root


def celeba_mask_hq(root: Path, originals: Sequence[int] = (5, 162770, 162771, 182637, 182638, 200000)) -> Path:
    """A face for each number in CelebA; images of 32 pixels, masks of 16: skin, a nose on it, and hair above."""
    lines = ['idx    orig_idx    orig_file']
    for i, original in enumerate(originals):
        lines.append(f'{i}    {original}    {original + 1:06d}.jpg')
        face(root / 'CelebA-HQ-img' / f'{i}.jpg', i, 32)
        for name, rows, columns in (('skin', (4, 14), (2, 14)), ('nose', (8, 10), (6, 10)), ('hair', (0, 6), (0, 16))):
            mask = np.zeros((16, 16, 3), np.uint8)
            mask[slice(*rows), slice(*columns)] = 255
            path = root / 'CelebAMask-HQ-mask-anno' / str(i // 2000) / f'{i:05d}_{name}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), mask)
    (root / 'CelebA-HQ-to-CelebA-mapping.txt').write_text('\n'.join(lines) + '\n')
    return root


def utkface(root: Path, ages: Sequence[int] = range(20, 36)) -> Path:
    """A face of each age, woman and man in turn."""
    for i, age in enumerate(ages):
        face(root / 'UTKFace' / f'{age}_{i % 2}_{i % 5}_2017011618402466{i:02d}.jpg.chip.jpg', i)
    return root


def fgnet(root: Path, people: int = 4, photos: int = 4) -> Path:
    """Photo n of each person, from 0, at the age of 3 n; the last is a second one at this age."""
    for i in range(people * photos):
        face(
            root
            / 'images'
            / f'{i // photos + 1:03d}A{i % photos * 3:02d}{"b" if i % photos == photos - 1 else ""}.JPG',
            i,
        )
    return root


def morph(root: Path, people: int = 16) -> Path:
    """Two photos of each person, at the ages of 20 + n and 21 + n."""
    for i in range(2 * people):
        face(root / 'Album2' / f'{i // 2:06d}_{i % 2}{"MF"[i // 2 % 2]}{20 + i // 2 + i % 2}.JPG', i)
    return root


def pose(image: Path, pose: Sequence[float] = (0.1, -0.5, 0.2), seed: int = 0, **entries) -> Path:
    """A face and, beside it, its .mat file: pitch, yaw and roll in radians, landmarks from 6 to 18 pixels."""
    from scipy.io import savemat

    points = np.array([[6.0, 18.0, 12.0], [6.0, 18.0, 12.0], [0.0, 0.0, 9.0]])
    mat = dict(Pose_Para=np.array([[*pose, 1.0, 1.0, 0.0, 1e-3]]), pt2d=points[:2], pt3d_68=points, **entries)
    savemat(str(face(image, seed).with_suffix('.mat')), {key: value for key, value in mat.items() if value is not None})
    return image


def w300lp(root: Path) -> Path:
    """Two faces and their mirror images in each folder, a face beyond 99 degrees, and what else the archive has."""
    for i, folder in enumerate(('AFW', 'HELEN', 'IBUG', 'LFPW')):
        for j in range(2):
            angles = (0.1 * i, 0.5 * j, -0.1)
            pose(root / f'300W_LP/{folder}/{folder}_{j}_0.jpg', angles, seed=2 * i + j)
            pose(root / f'300W_LP/{folder}_Flip/{folder}_{j}_0.jpg', (angles[0], -angles[1], 0.1), seed=2 * i + j)
    pose(root / '300W_LP/AFW/AFW_9_0.jpg', (0.0, 1.9, 0.0))
    face(root / '300W_LP/Code/logo.jpg')
    return root


def aflw2000(root: Path, count: int = 8) -> Path:
    """Faces turned by 0, 0.1, ... radians."""
    for i in range(count):
        pose(root / f'AFLW2000/image{i + 2:05d}.jpg', (0.0, 0.1 * i, 0.0), seed=i)
    face(root / 'AFLW2000/Code/logo.jpg')
    return root


def head_poses(root: Path) -> Path:
    """Training and test faces below one folder."""
    return aflw2000(w300lp(root))


def lfw_pose(root: Path) -> Path:
    """Five poses, a face without one, in the splits train and val."""
    rows = [
        [face(root / 'images' / f'{split}{i}.png', i).name, split, i % 6 or '']
        for split in ('train', 'val')
        for i in range(12)
    ]
    table(root / 'attributes.csv', [['file_name', 'split', 'pose'], *rows])
    return root


def bp4d(root: Path, people: Sequence[str] = ('F001', 'F003', 'F004', 'M003'), frames: int = 4) -> Path:
    """In frame n, from 10, of each video every second unit occurs, in turn; of the last frame unit 12 is not known."""
    for person in people:
        rows = [[10 + i, *((unit + i) % 2 if unit < 28 else 9 for unit in range(1, 100))] for i in range(frames)]
        rows[-1][12] = 9
        table(root / f'AUCoding/AU_OCC/{person}_T1.csv', [list(range(100)), *rows])
        for i in range(frames):
            face(root / f'img/{person}/T1/{10 + i:04d}.jpg', i)
    return root


def disfa(root: Path, people: Sequence[str] = ('SN001', 'SN006', 'SN003'), frames: int = 6) -> Path:
    """In frame n, from 1, the unit u has the intensity (n + u) % 6."""
    for person in people:
        for unit in (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26):
            path = root / f'ActionUnit_Labels/{person}/{person}_au{unit}.txt'
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(''.join(f'{n},{(n + unit) % 6}\n' for n in range(1, frames + 1)))
        for n in range(1, frames + 1):
            face(root / f'img/{person}/{n}.jpg', n)
    return root


def utkface_csv(root: Path, per_split: int = 16) -> Path:
    """Ages from 20 on in steps of 4, both genders and five races, in the splits train and val."""
    rows = [
        [face(root / 'images' / f'{split}{i}.jpg', i).name, 20 + 4 * i, i % 2, i // 2 % 5, split]
        for split in ('train', 'val')
        for i in range(per_split)
    ]
    table(root / 'labels.csv', [['file_name', 'age', 'gender', 'race', 'split'], *rows])
    return root


def three_classes(root: Path) -> Path:
    """Five faces of each of three classes in train and in val, in a folder for each class and in a csv file."""
    rows = []
    for i in range(30):
        split, label = ('train', 'val')[i % 2], ('happy', 'neutral', 'sad')[i // 2 % 3]
        face(root / split / label / f'{i}.jpg', i)
        rows.append([f'{split}/{label}/{i}.jpg', label, split])
    table(root / 'labels.csv', [['path', 'label', 'split'], *rows])
    return root


def landmark_table(root: Path, names: Sequence[str]) -> Path:
    """Four faces in train and in val with a box and named points, as docs/data.md asks for them."""
    header = ['path', 'split', 'x', 'y', 'width', 'height', *(f'{name}_{axis}' for name in names for axis in 'xy')]
    rows = []
    for i in range(8):
        name = face(root / 'images' / f'{i}.png', i, size=64).name
        points = np.random.default_rng(i).uniform(16, 48, 2 * len(names)).round(1)
        rows.append([name, ('train', 'val')[i % 2], 8, 8, 48, 48, *points])
    table(root / 'points.csv', [header, *rows])
    return root
