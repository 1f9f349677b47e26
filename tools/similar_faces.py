"""Shows which faces of a folder look most like a face, as a whole or in one facial part.

    python tools/similar_faces.py fra_r18w32_96px ann.jpg FOLDER --region mouth --out work_dirs/similar.jpg

The picture has a row for each face and region: the face, in which the region is bright, and its nearest faces. Images of
the folder that can't be read are counted, named and left out.
"""

import argparse
import sys
from pathlib import Path
from typing import Optional

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the source tree, where the package is not installed

import mmcv
import numpy as np

from fra_plugin.apis import FRAFeatures, SimilarFaces, list_images, read_face
from fra_plugin.command import errors_in_one_line, tell_broken
from fra_plugin.evaluation.similar_faces import region_number
from fra_plugin.files.picture_file import check_picture, write_picture
from fra_plugin.reports.visualization import highlight_region, picture_rows

SIDE = 112
WHOLE = 'face'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', help='training checkpoint, an official one, or the name of shipped weights')
    parser.add_argument('faces', nargs='+', help='image files: the faces to compare with')
    parser.add_argument('folder', help='folder of the faces to search')
    parser.add_argument(
        '--region',
        nargs='+',
        default=[WHOLE],
        metavar='PART',
        help='facial parts such as mouth, numbers of regions, or "face" for the whole face (default: face)',
    )
    parser.add_argument('--count', type=int, default=8, help='nearest faces (default: %(default)s)')
    parser.add_argument('--max-faces', type=int, help='search this many, spread evenly over the folder (default: all)')
    parser.add_argument('--out', required=True, metavar='FILE.jpg', help='picture to write')
    parser.add_argument('--batch-size', type=int, default=32)
    parser.add_argument('--config', help='config of the model (default: the one in the checkpoint)')
    parser.add_argument('--device', help='such as cuda:1 (default: a GPU where there is one)')
    parser.add_argument('--size', type=int, help='side in pixels of the images (default: as in the config)')
    args = parser.parse_args()
    for name in ('count', 'max_faces'):
        value = getattr(args, name)
        if value is not None and value < 1:
            parser.error(f'--{name.replace("_", "-")} must be at least 1, got {value}')
    return args


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        check_picture(args.out)
        features = FRAFeatures(args.checkpoint, args.config, args.device, args.size)
        regions = {part: region_called(part, features) for part in args.region}
        queries = [(face, small(face)) for face in list_images(args.faces)[1]]
        files = list_images(args.folder)[1]
        count = min(args.max_faces or len(files), len(files))
        chosen = [files[place] for place in np.linspace(0, len(files) - 1, count).round().astype(int)]
        faces = SimilarFaces(features, chosen, args.batch_size, skip_broken=True)
        tell_broken(faces.left_out, count)
        rows, titles = [], []
        for face, picture in queries:
            for part, region in regions.items():
                shown = picture
                found = faces.similar(face, region, args.count)
                if region is not None:
                    masks = features([face], what=['heatmaps'], progress=False)['heatmaps'][0]
                    shown = highlight_region(picture, masks, region)
                rows.append([shown, *(small(faces.sources[place]) for place in found['places'])])
                titles.append('whole face' if region is None else f'{part} (region {region})')
                listed = ', '.join(f'{name} {cosine:.3f}' for name, cosine in zip(found['names'], found['similarity']))
                print(f'{face}, {part}: {listed or "no other face"}')
        write_picture(args.out, picture_rows(rows, titles))
        print(f'wrote {args.out}')


def region_called(part: str, features: FRAFeatures) -> Optional[int]:
    """Number of the region that an option names; None for the whole face."""
    return None if part == WHOLE else region_number(features, int(part) if part.isdecimal() else part)


def small(face: str) -> np.ndarray:
    return mmcv.imresize(read_face(face), (SIDE, SIDE))


if __name__ == '__main__':
    main()
