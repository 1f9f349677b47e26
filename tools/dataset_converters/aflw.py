"""AFLW's list of 19 landmarks -> the json files that mmpose's AFLWDataset reads.

    python tools/dataset_converters/aflw.py data/AFLW data/aflw

RAW holds the images of AFLW as they unpack, flickr/{0,2,3}/, and AFLWinfo_release.mat of Zhu et al. (CVPR 2016), which
has the 19 landmarks of every face, hidden ones too, the face boxes and the split that everybody uses (20,000 train,
4,386 test). OUT gets annotations/face_landmarks_aflw_{train,test}.json and a link images/ to the images. ``box_size`` is
the side of the square face box, by which errors on AFLW are divided. Test faces whose landmarks are all visible are the
subset "frontal". Visibility is 1 for hidden landmarks and 2 for others; both are learnt and evaluated.
"""

import argparse
import os.path as osp
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the source tree, where the package is not installed

from fra_plugin.command import errors_in_one_line
from fra_plugin.datasets.annotation_file import existing_images, find, inside
from fra_plugin.datasets.landmarks.landmark_json import (
    LandmarkJson,
    count_report,
    image_size,
    link_images,
    outside_report,
)

NUM_POINTS = 19
NUM_TRAIN = 20000
OFFICIAL = dict(train=20000, test=4386)


def read_mat(path: str) -> dict:
    """Arrays of the .mat file, N faces: names, landmarks (N, 19, 2), visible (N, 19), box (N, 4), order (N, ).

    Raises:
        ValueError: naming the file, if it can't be read, or an array is missing or of another shape.
    """
    from scipy.io import loadmat

    try:
        mat = loadmat(path)
    except Exception as error:  # of any type, depending on where in the file the reading ends
        raise ValueError(f'{path}: expected a MATLAB file, {error}') from None
    expected = ['nameList', 'data', 'mask_new', 'bbox', 'ra']
    missing = [name for name in expected if name not in mat]
    if missing:
        raise ValueError(f'{path}: expected arrays {expected}, {missing} missing')
    count = len(mat['nameList'])
    shapes = dict(data=(count, 2 * NUM_POINTS), mask_new=(count, NUM_POINTS), bbox=(count, 4))
    for name, shape in shapes.items():
        if mat[name].shape != shape:
            raise ValueError(f'{path}: {name} must have the shape {shape}, got {mat[name].shape}')
    try:
        names = [str(np.ravel(name[0])[0]) for name in mat['nameList']]
        landmarks, visible, box, order = (mat[name].astype(float) for name in ('data', 'mask_new', 'bbox', 'ra'))
    except (IndexError, TypeError, ValueError) as error:
        raise ValueError(f'{path}: expected names in nameList and numbers in the other arrays, {error}') from None
    if sorted(order.ravel()) != list(range(1, count + 1)):
        raise ValueError(f'{path}: ra must hold each of 1 ... {count} once')
    if not np.isfinite(landmarks).all():
        raise ValueError(f'{path}: data must hold finite coordinates')
    return dict(
        names=names,
        landmarks=landmarks.reshape(count, 2, NUM_POINTS).transpose(0, 2, 1),
        visible=visible > 0,
        box=box,  # left, right, top, bottom
        order=order.ravel().astype(int) - 1,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('raw', help='folder with flickr/ and AFLWinfo_release.mat')
    parser.add_argument('out', help='folder to write to, data/aflw in the configs')
    parser.add_argument(
        '--num-train', type=int, default=NUM_TRAIN, help='faces of the train split (default: %(default)s)'
    )
    args = parser.parse_args()

    images = find(args.raw, ['flickr', 'data/flickr', 'images'])
    source = find(args.raw, ['AFLWinfo_release.mat'])
    mat = read_mat(source)
    results = dict(train=LandmarkJson(), test=LandmarkJson())
    wheres = [f'{source}: face {index + 1}' for index in range(len(mat['names']))]
    paths = [inside(images, name, where) for name, where in zip(mat['names'], wheres)]
    existing_images(list(zip(paths, wheres)), images, follow_links=True)
    for position, index in enumerate(mat['order']):
        split = 'train' if position < args.num_train else 'test'
        where = wheres[index]
        left, right, top, bottom = mat['box'][index]
        if not (right > left and bottom > top):
            raise ValueError(f'{where}: the box must be left < right, top < bottom, got {mat["box"][index].tolist()}')
        visible = mat['visible'][index]
        results[split].add(
            mat['names'][index],
            image_size(paths[index]),
            mat['landmarks'][index],
            np.where(visible, 2, 1),
            [left, top, right - left, bottom - top],
            where=where,
            box_size=max(right - left, bottom - top),
            subsets=['frontal'] if split == 'test' and visible.all() else [],
        )
    for split, faces in results.items():
        print(count_report(split, len(faces), OFFICIAL[split]))
        if faces.outside:
            print(outside_report(split, faces))
    link_images(images, osp.join(args.out, 'images'))
    for split, faces in results.items():
        faces.write(osp.join(args.out, 'annotations', f'face_landmarks_aflw_{split}.json'))


if __name__ == '__main__':
    with errors_in_one_line():
        main()
