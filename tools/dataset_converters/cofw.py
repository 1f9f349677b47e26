"""COFW's .mat files -> images and the json files that mmpose's COFWDataset reads.

    python tools/dataset_converters/cofw.py data/COFW data/cofw

RAW holds COFW_train_color.mat and COFW_test_color.mat (MATLAB 7.3, that is HDF5; reading them needs
``pip install h5py``). OUT gets images/*.png, without loss, and annotations/cofw_{train,test}.json. Hidden landmarks are
labelled, so they are learnt and evaluated too; their visibility is 1, that of the others 2. Coordinates count from 0
(in the .mat files from 1).
"""

import argparse
import os.path as osp
import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the source tree, where the package is not installed

from fra_plugin.command import errors_in_one_line
from fra_plugin.datasets.annotation_file import find
from fra_plugin.datasets.landmarks.landmark_json import LandmarkJson, count_report, outside_report
from fra_plugin.files.picture_file import write_picture

NUM_POINTS = 29
SPLITS = dict(train=('COFW_train_color.mat', 'Tr', 1345), test=('COFW_test_color.mat', 'T', 507))


def read_faces(path: str, suffix: str):
    """Yield image (H, W, 3) in RGB, landmarks (29, 2), hidden (29, ) and box x y width height of each face.

    Raises:
        ValueError: naming the file, if it is no HDF5 file, or lacks or misshapes one of its arrays.
    """
    try:
        import h5py
    except ImportError as error:
        raise ImportError("COFW's files need h5py: pip install h5py") from error
    try:
        file = h5py.File(path, 'r')
    except OSError as error:
        raise ValueError(f'{path}: expected a MATLAB 7.3 (HDF5) file, {error}') from None
    with file:
        names = [f'Is{suffix}', f'phis{suffix}', f'bboxes{suffix}']
        missing = [name for name in names if name not in file]
        if missing:
            raise ValueError(f'{path}: expected arrays {names}, {missing} missing')
        images, points, boxes = (file[name] for name in names)
        count = points.shape[-1]
        expected = [(1, count), (3 * NUM_POINTS, count), (4, count)]
        if [array.shape for array in (images, points, boxes)] != expected:
            raise ValueError(
                f'{path}: expected the shapes {expected} of {names}, '
                f'got {[array.shape for array in (images, points, boxes)]}'
            )
        for index in range(count):
            image = np.array(file[images[0, index]]).T  # MATLAB stores the columns first
            if image.ndim == 2:
                image = np.repeat(image[..., None], 3, axis=-1)
            xs, ys, hidden = points[:, index].reshape(3, NUM_POINTS)
            yield image, np.column_stack([xs, ys]) - 1, hidden > 0, boxes[:, index]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('raw', help='folder with COFW_train_color.mat and COFW_test_color.mat')
    parser.add_argument('out', help='folder to write to, data/cofw in the configs')
    args = parser.parse_args()

    sources = {split: find(args.raw, [name]) for split, (name, _, _) in SPLITS.items()}
    results = {}
    for split, (_, suffix, official) in SPLITS.items():
        faces = results[split] = LandmarkJson()
        for index, (image, keypoints, hidden, box) in enumerate(read_faces(sources[split], suffix)):
            name = f'{split}_{index + 1:06d}.png'
            target = osp.join(args.out, 'images', name)
            write_picture(target, cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2BGR))
            height, width = image.shape[:2]
            where = f'{sources[split]}: face {index + 1}'
            faces.add(name, (width, height), keypoints, np.where(hidden, 1, 2), box, where=where)
        print(count_report(split, len(faces), official))
        if faces.outside:
            print(outside_report(split, faces))
    for split, faces in results.items():
        faces.write(osp.join(args.out, 'annotations', f'cofw_{split}.json'))


if __name__ == '__main__':
    with errors_in_one_line():
        main()
