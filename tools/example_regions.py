"""Draws docs/regions.jpg: the regions that shipped weights see in a portrait and in drawn faces.

    python tools/example_regions.py --out docs/regions.jpg

The portrait is that of Eileen Collins by NASA, in the public domain, as scikit-image brings it; the drawn faces are the
first seven persons of seed 0.
"""

import argparse
import sys
from pathlib import Path
from typing import List

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the source tree, where the package is not installed

import cv2
import numpy as np

from fra_plugin.apis import FRAFeatures
from fra_plugin.command import errors_in_one_line
from fra_plugin.datasets import FaceCrop
from fra_plugin.files.picture_file import write_picture
from fra_plugin.reports.visualization import region_sheet
from fra_plugin.synthetic import IMAGES_PER_IDENTITY, render_face

FACE = (175, 70, 268, 163)  # in the portrait: x1, y1, x2, y2
MARGIN = 0.7  # with the hair
SIDE = 112


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--weights', default='fra_r18w32_96px', help='checkpoint of FRA (default: %(default)s)')
    parser.add_argument('--out', required=True, metavar='FILE.jpg', help='picture to write')
    return parser.parse_args()


def portrait() -> np.ndarray:
    """(512, 512, 3) BGR uint8.

    Raises:
        ImportError: without scikit-image.
    """
    try:
        from skimage.data import astronaut
    except ImportError:
        raise ImportError('the portrait comes with scikit-image: pip install scikit-image') from None
    return np.ascontiguousarray(astronaut()[..., ::-1])


def example_faces() -> List[np.ndarray]:
    drawn = [render_face(0, person * IMAGES_PER_IDENTITY, 2 * SIDE)['image'] for person in range(7)]
    faces = [FaceCrop(size=2 * SIDE, margin=MARGIN).cut(portrait(), FACE), *drawn]
    return [cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for face in faces]


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        faces = example_faces()
        found = FRAFeatures(args.weights)(faces, what=['heatmaps'])
        sheet = region_sheet(faces, found['heatmaps'], columns=8, names=found.get('region_names'))
        write_picture(args.out, sheet, quality=88)
        print(f'wrote {args.out}')


if __name__ == '__main__':
    main()
