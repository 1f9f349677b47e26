"""WFLW's lists -> the json files that mmpose's WFLWDataset reads, with the six subsets that mmpose's files leave out.

    python tools/dataset_converters/wflw.py data/WFLW data/wflw

RAW holds the two archives of the authors as they unpack: WFLW_images/ and WFLW_annotations/. OUT gets
annotations/face_landmarks_wflw_{train,test}.json and a link images/ to the images. A line of a list is 98 pairs of
coordinates, the face rectangle x1 y1 x2 y2, six flags and the image's name. Faces get mmpose's usual box, around the
landmarks; the rectangle is kept as "rect".
"""

import argparse
import math
import os.path as osp
import sys
from pathlib import Path
from typing import List, Tuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the source tree, where the package is not installed

from fra_plugin.command import errors_in_one_line
from fra_plugin.datasets.annotation_file import existing_images, find, inside, text_lines
from fra_plugin.datasets.landmarks.landmark_json import (
    LandmarkJson,
    count_report,
    image_size,
    link_images,
    outside_report,
)

NUM_POINTS = 98
SUBSETS = ('pose', 'expression', 'illumination', 'makeup', 'occlusion', 'blur')
OFFICIAL = dict(train=7500, test=2500)
OFFICIAL_SUBSETS = dict(pose=326, expression=314, illumination=698, makeup=206, occlusion=736, blur=773)  # of test


def parse_line(line: str, where: str) -> Tuple[np.ndarray, List[float], List[str], str]:
    """One line of a list -> landmarks (98, 2), rectangle, names of the subsets, image name.

    Raises:
        ValueError: naming the place, if the line is not as described above.
    """
    fields = line.split(maxsplit=2 * NUM_POINTS + 10)
    if len(fields) != 2 * NUM_POINTS + 11:
        raise ValueError(
            f'{where}: expected {2 * NUM_POINTS} coordinates, 4 of the rectangle, 6 flags and an image, '
            f'got {len(fields)} fields'
        )
    try:
        numbers = [float(field) for field in fields[:-7]]
    except ValueError as error:
        raise ValueError(f'{where}: expected a number, {error}') from None
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f'{where}: coordinates must be finite numbers')
    flags = fields[-7:-1]
    if not set(flags) <= {'0', '1'}:
        raise ValueError(f'{where}: the six flags must be 0 or 1, got {" ".join(flags)}')
    subsets = [subset for subset, flag in zip(SUBSETS, flags) if flag == '1']
    return np.array(numbers[:-4]).reshape(NUM_POINTS, 2), numbers[-4:], subsets, fields[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('raw', help='folder with WFLW_images/ and WFLW_annotations/')
    parser.add_argument('out', help='folder to write to, data/wflw in the configs')
    args = parser.parse_args()

    images = find(args.raw, ['WFLW_images', 'images'])
    lists = find(args.raw, ['WFLW_annotations/list_98pt_rect_attr_train_test', 'list_98pt_rect_attr_train_test'])
    results = {}
    for split in OFFICIAL:
        faces = results[split] = LandmarkJson()
        counts = dict.fromkeys(SUBSETS, 0)
        lines = list(text_lines(osp.join(lists, f'list_98pt_rect_attr_{split}.txt')))
        entries = [(where, *parse_line(line, where)) for where, line in lines]
        paths = [inside(images, name, where) for where, *_, name in entries]
        existing_images([(path, where) for path, (where, *_) in zip(paths, entries)], images, follow_links=True)
        for path, (where, keypoints, rect, subsets, name) in zip(paths, entries):
            faces.add(name, image_size(path), keypoints, where=where, subsets=subsets, rect=rect)
            for subset in subsets:
                counts[subset] += 1
        print(count_report(split, len(faces), OFFICIAL[split]))
        if faces.outside:
            print(outside_report(split, faces))
        if split == 'test':
            for subset, count in counts.items():
                print(count_report(f'test, {subset}', count, OFFICIAL_SUBSETS[subset]))
    link_images(images, osp.join(args.out, 'images'))
    for split, faces in results.items():
        faces.write(osp.join(args.out, 'annotations', f'face_landmarks_wflw_{split}.json'))


if __name__ == '__main__':
    with errors_in_one_line():
        main()
