"""Names the regions of a checkpoint after facial parts, and puts the names beside it, where every tool finds them.

    python tools/name_regions.py work_dirs/fra/epoch_50.pth

For each facial part, the share of it that lies in the region is measured. The region is named after the part with the largest
share. Its purity is this share divided by the sum of the shares of all parts. Left and right are the person's own. The parts
are known because the faces are drawn for this; with --parsing or --landmarks they are those of labelled faces.
"""

import argparse
import sys
from pathlib import Path
from typing import Optional, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the source tree, where the package is not installed

import numpy as np
from torch.utils.data import Dataset

from fra_plugin.apis import FRAFeatures
from fra_plugin.checkpoints.pretrained.region_names_path import region_names_path
from fra_plugin.checkpoints.shipped_weights import SHIPPED_FOLDER
from fra_plugin.command import errors_in_one_line
from fra_plugin.datasets import CelebAMaskHQ, LandmarkFaces, LaPa, SyntheticRegions

PARSING = dict(LaPa=LaPa, CelebAMaskHQ=CelebAMaskHQ, SyntheticRegions=SyntheticRegions)


def named(text: str) -> Tuple[str, str]:
    name, _, folder = text.partition('=')
    if name not in PARSING or not folder:
        raise argparse.ArgumentTypeError(f'{text}: expected DATASET=FOLDER, with one of {", ".join(PARSING)}')
    return name, folder


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', help='of FRA')
    parser.add_argument(
        '--parsing',
        type=named,
        metavar='DATASET=FOLDER',
        help='data set for face parsing: LaPa, CelebAMaskHQ or SyntheticRegions',
    )
    parser.add_argument('--landmarks', metavar='FILE.json', help='landmarks of faces, as mmpose reads them')
    parser.add_argument('--images', metavar='FOLDER', help='of the images that FILE.json names')
    parser.add_argument('--max-faces', type=int, default=256, help='labelled faces to use (default: %(default)s)')
    parser.add_argument('--config', help='config of the model (default: the one in the checkpoint)')
    parser.add_argument('--device', help='such as cuda:1 (default: a GPU where there is one)')
    args = parser.parse_args()
    if bool(args.landmarks) != bool(args.images):
        parser.error('--landmarks and --images belong together')
    if args.landmarks and args.parsing:
        parser.error('choose one of --landmarks and --parsing')
    if args.max_faces < 1:
        parser.error(f'--max-faces must be at least 1, got {args.max_faces}')
    return args


def labelled_faces(args: argparse.Namespace, size: int) -> Optional[Dataset]:
    if args.landmarks:
        return LandmarkFaces(args.landmarks, args.images, size, args.max_faces)
    if not args.parsing:
        return None
    name, folder = args.parsing
    faces = PARSING[name](data_root=folder)
    chosen = np.linspace(0, len(faces) - 1, min(args.max_faces, len(faces))).round().astype(int)
    return faces.get_subset(chosen.tolist())


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        features = FRAFeatures(args.checkpoint, args.config, args.device)
        parts = features.name_regions(labelled_faces(args, features.size))
        path = region_names_path(args.checkpoint)
        comes_with_package = path.parent == SHIPPED_FOLDER
        if not comes_with_package:
            parts.save(path)
        print('\n'.join(f'region {number}: {name or "none"}' for number, name in enumerate(parts.names())))
        kept = 'not written: the package keeps its own; for others, name a folder of save_pretrained'
        print(f'by {parts.faces}, {kept if comes_with_package else f"written to {path}"}')


if __name__ == '__main__':
    main()
