"""300W's .pts files -> the json files that mmpose's Face300WDataset reads.

    python tools/dataset_converters/w300.py data/300W data/300w

RAW holds the archives of the authors as they unpack: afw/, helen/{trainset,testset}/, ibug/, lfpw/{trainset,testset}/
and, if you have it, the private test set 300W/{01_Indoor,02_Outdoor}/; each image lies beside its .pts file. OUT gets
annotations/face_landmarks_300w_{train,valid,test}.json (train: afw and the two train sets; valid: the full test set of
the usual protocol, that is ibug and the two test sets; test: the private one) and a link images/ to RAW. The boxes are
mmpose's usual ones, around the landmarks. Coordinates stay as they are in the .pts files.
"""

import argparse
import math
import os
import os.path as osp
import sys
from pathlib import Path
from typing import List, Tuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the source tree, where the package is not installed

from fra_plugin.command import errors_in_one_line
from fra_plugin.datasets.annotation_file import text_lines
from fra_plugin.datasets.image_files import is_image_name
from fra_plugin.datasets.landmarks.landmark_json import (
    LandmarkJson,
    count_report,
    image_size,
    link_images,
    outside_report,
)

NUM_POINTS = 68
SPLITS = dict(
    train=('afw', 'helen/trainset', 'lfpw/trainset'),
    valid=('helen/testset', 'lfpw/testset', 'ibug'),
    test=('300W/01_Indoor', '300W/02_Outdoor'),
)
OFFICIAL = {
    'afw': 337,
    'helen/trainset': 2000,
    'lfpw/trainset': 811,
    'helen/testset': 330,
    'lfpw/testset': 224,
    'ibug': 135,
    '300W/01_Indoor': 300,
    '300W/02_Outdoor': 300,
}


def read_pts(path: str) -> np.ndarray:
    """Landmarks of a .pts file, (68, 2).

    Raises:
        ValueError: naming file and line, if a point is not two finite numbers, their number is not 68, or something
            follows them.
    """
    points = []
    inside_braces = closed = False
    for where, line in text_lines(path):
        if closed:
            raise ValueError(f'{where}: expected nothing after the points, got {line!r}')
        if line == '{':
            inside_braces = True
        elif line == '}':
            closed = True
        elif inside_braces:
            try:
                point = [float(field) for field in line.split()]
            except ValueError:
                point = []
            if len(point) != 2 or not all(map(math.isfinite, point)):
                raise ValueError(f'{where}: expected two coordinates, got {line!r}')
            points.append(point)
    if len(points) != NUM_POINTS:
        raise ValueError(f'{path}: expected {NUM_POINTS} points between braces, got {len(points)}')
    return np.array(points)


def pairs_in(folder: str) -> Tuple[List[Tuple[str, str]], List[str]]:
    """The .pts files of a folder, each with its image (of the same name but for the ending), and images without one.

    Raises:
        FileNotFoundError: if there is no such folder, or a .pts file has no image.
    """
    if not osp.isdir(folder):
        raise FileNotFoundError(f'expected the folder {folder}')
    names = [name for name in sorted(os.listdir(folder)) if name[0] != '.']  # macOS's zip files have a ._1.pts, too
    images = {osp.splitext(name)[0]: name for name in reversed(names) if is_image_name(name)}
    points = {osp.splitext(name)[0]: name for name in names if name.lower().endswith('.pts')}
    for stem, name in points.items():
        if stem not in images:
            raise FileNotFoundError(f'{osp.join(folder, name)}: no image {stem}.jpg (or .png, ...) beside it')
    pairs = [(osp.join(folder, name), images[stem]) for stem, name in points.items()]
    return pairs, [name for stem, name in images.items() if stem not in points]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('raw', help='folder with afw/, helen/, ibug/, lfpw/ and perhaps 300W/')
    parser.add_argument('out', help='folder to write to, data/300w in the configs')
    args = parser.parse_args()

    results = {}
    for split, folders in SPLITS.items():
        if split == 'test' and not osp.isdir(osp.join(args.raw, '300W')):
            print(f'test: skipped, as there is no {osp.join(args.raw, "300W")}')
            continue
        faces = results[split] = LandmarkJson()
        for folder in folders:
            pairs, unlabelled = pairs_in(osp.join(args.raw, folder))
            for pts, image in pairs:
                size = image_size(osp.join(args.raw, folder, image))
                faces.add(f'{folder}/{image}', size, read_pts(pts), where=pts)
            print(count_report(f'{split}, {folder}', len(pairs), OFFICIAL[folder]))
            if unlabelled:
                print(f'{split}, {folder}: {len(unlabelled):,} images without a .pts file, such as {unlabelled[0]}')
        if faces.outside:
            print(outside_report(split, faces))
    link_images(args.raw, osp.join(args.out, 'images'))
    for split, faces in results.items():
        faces.write(osp.join(args.out, 'annotations', f'face_landmarks_300w_{split}.json'))


if __name__ == '__main__':
    with errors_in_one_line():
        main()
