"""Measures face detectors: how many faces with known landmarks they find, how exact their points are, false faces, time.

    python tools/benchmark_detectors.py data/300w/annotations/face_landmarks_300w_valid.json data/300w/images \\
        --detectors haar mtcnn yunet:face_detection_yunet_2023mar.onnx --without folder/without/faces --out work_dirs/detectors
"""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import List, Optional

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the source tree, where the package is not installed

import cv2
import numpy as np
import torch

from fra_plugin.apis import list_images, read_face, readable_images
from fra_plugin.command import errors_in_one_line, tell_broken
from fra_plugin.datasets import LandmarkFaces
from fra_plugin.evaluation.landmark_layouts import LANDMARK_LAYOUTS
from fra_plugin.faces import DETECTORS, DetectedFace, Detector, find_detector
from fra_plugin.files.whole_file import check_folder
from fra_plugin.reports.result_table import fill_page, write_table

# Of mark-ups with the tip of the nose and the corners of the mouth; eyes are the means of LANDMARK_LAYOUTS' pupils.
NOSE_AND_MOUTH = {68: (30, 48, 54), 98: (54, 76, 82)}
HEADER = ['detector', 'faces found, %', 'error of points, %', 'false faces', 'pictures with false faces', 'box', 'ms']


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('landmarks', help="json file of faces with landmarks, as mmpose's data sets read it")
    parser.add_argument('images', help='folder of its images')
    parser.add_argument(
        '--detectors', nargs='+', default=['haar'], metavar='NAME[:FILE[:FILE]]', help=f'of {", ".join(DETECTORS)}'
    )
    parser.add_argument('--without', help='folder of pictures without faces (default: false faces are not counted)')
    parser.add_argument('--out', required=True, help='folder of the table')
    parser.add_argument('--max-faces', type=int, default=10**9, help='take this many, spread over the file')
    parser.add_argument('--page', help='Markdown page with the marks of the table: write it there too')
    return parser.parse_args()


def five_points(landmarks: np.ndarray) -> Optional[np.ndarray]:
    """(L, 2) -> (5, 2); None where the mark-up has not all of them."""
    if len(landmarks) not in NOSE_AND_MOUTH:
        return None
    eyes = [landmarks[list(eye)].mean(axis=0) for eye in LANDMARK_LAYOUTS[len(landmarks)].pupils]
    return np.stack([*eyes, *landmarks[list(NOSE_AND_MOUTH[len(landmarks)])]])


def the_face(faces: List[DetectedFace], landmarks: np.ndarray) -> Optional[DetectedFace]:
    """The one whose box holds the landmarks' centre and is 0.6 to 4 times as large as they are; of several the best."""
    low, high = np.nanmin(landmarks, axis=0), np.nanmax(landmarks, axis=0)
    (x, y), extent = (low + high) / 2, (high - low).max()
    for face in sorted(faces, key=lambda face: -face.score):
        left, top, right, bottom = face.box
        if left <= x <= right and top <= y <= bottom and 0.6 < max(right - left, bottom - top) / extent < 4:
            return face
    return None


def measure(name: str, detector: Detector, known: LandmarkFaces, without: List[str]) -> list:
    """The row of a detector."""
    seconds, errors, sides, found = 0.0, [], [], 0
    photos = {}
    for path, landmarks in known.faces:
        if path not in photos:
            photo = read_face(path)
            start = time.process_time()
            photos = {path: detector(photo)}
            seconds += time.process_time() - start
        face, five = the_face(photos[path], landmarks), five_points(landmarks)
        found += face is not None
        if face is None or five is None:
            continue
        eyes = np.linalg.norm(five[0] - five[1])
        sides.append(max(face.box[2] - face.box[0], face.box[3] - face.box[1]) / eyes)
        if face.points is not None:
            errors.append(100 * np.linalg.norm(face.points - five, axis=1).mean() / eyes)
    false = [len(detector(read_face(path))) for path in without]
    row = [name, f'{100 * found / len(known):.1f}', f'{np.mean(errors):.1f}' if errors else '']
    row += [str(sum(false)), f'{np.count_nonzero(false)} of {len(false)}'] if without else ['', '']
    return [*row, f'{np.mean(sides):.2f}' if sides else '', f'{1000 * seconds / len({p for p, _ in known.faces}):.0f}']


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        check_folder(args.out)
        cv2.setNumThreads(1)
        torch.set_num_threads(1)
        known = LandmarkFaces(args.landmarks, args.images, max_faces=args.max_faces, follow_links=True)
        files = list_images(args.without)[1] if args.without else []
        without, left_out = readable_images(files)
        tell_broken(left_out, len(files))
        detectors = [(text, find_detector(*text.split(':'))) for text in args.detectors]
        rows = []
        for text, detector in detectors:
            name, *files = text.split(':')
            rows.append(measure(' '.join([name, *map(os.path.basename, files)]), detector, known, without))
            print(f'{rows[-1][0]}: {rows[-1][1]} % found, {rows[-1][-1]} ms a photo', flush=True)
        notes = [
            f'{len(known):,} faces of {args.landmarks}. Error of points: mean distance of the five points from the '
            'labelled ones, in percent of the distance between the eyes. Box: its longer side, in distances between the '
            'eyes. Milliseconds of one CPU core a photo.'
        ]
        table = write_table(args.out, 'detectors', 'Face detectors', HEADER, rows, notes=notes)
        if args.page:
            fill_page(args.page, 'detectors', table)
        print(table)


if __name__ == '__main__':
    main()
