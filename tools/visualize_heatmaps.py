"""Draws the facial regions that a checkpoint sees: an overlay for each image, and all of them on one sheet.

Images that can't be read are counted, named and left out.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import List

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the source tree, where the package is not installed

import mmcv
import numpy as np

from fra_plugin.apis import FRAFeatures, list_images, read_face
from fra_plugin.command import errors_in_one_line, folder_or_files, tell_broken
from fra_plugin.files.file_name import fitting_name
from fra_plugin.files.picture_file import write_picture
from fra_plugin.files.whole_file import check_folder
from fra_plugin.reports.visualization import draw_regions, region_sheet

SHEET = 'contact_sheet.png'
SIDE = 160


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', help='training checkpoint of FRA, or an official one')
    parser.add_argument('images', nargs='+', help='image files, or one folder')
    parser.add_argument('--out', required=True, metavar='DIR', help='folder of the pictures')
    parser.add_argument('--opacity', type=float, default=0.5, help='of the colours, 0 to 1 (default: %(default)s)')
    parser.add_argument('--columns', type=int, default=8, help='faces in a row of the sheet (default: %(default)s)')
    parser.add_argument(
        '--max-faces', type=int, default=64, help='faces on the sheet, spread evenly over all (default: %(default)s)'
    )
    parser.add_argument('--batch-size', type=int, default=32)
    parser.add_argument('--config', help='config of the model (default: the one in the checkpoint)')
    parser.add_argument('--device', help='such as cuda:1 (default: a GPU where there is one)')
    parser.add_argument('--size', type=int, help='side in pixels of the images (default: as in the config)')
    args = parser.parse_args()
    for name in ('columns', 'max_faces'):
        if getattr(args, name) < 1:
            parser.error(f'--{name.replace("_", "-")} must be at least 1, got {getattr(args, name)}')
    if not 0 <= args.opacity <= 1:
        parser.error(f'--opacity must be in [0, 1], got {args.opacity}')
    return args


def overlay_paths(names: List[str], images: str, out: str) -> List[Path]:
    """Where the overlay of each image goes: the images' tree is kept below the output folder.

    Raises:
        ValueError: if the output folder lies in the folder of the images, whose next run would take them for faces.
    """
    if os.path.isdir(images):
        if os.path.commonpath([os.path.realpath(images), os.path.realpath(out)]) == os.path.realpath(images):
            raise ValueError(f'--out {out} lies in the folder of the images, {images}: choose another one')
    else:
        names = [os.path.abspath(name) for name in names]
        common = os.path.commonpath([os.path.dirname(name) for name in names])
        names = [os.path.relpath(name, common) for name in names]
    return [Path(out, os.path.dirname(name), fitting_name(f'{os.path.basename(name)}.png')) for name in names]


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        check_folder(args.out)
        features = FRAFeatures(args.checkpoint, args.config, args.device, args.size)
        names, sources = list_images(folder_or_files(args.images))
        paths = overlay_paths(names, args.images[0], args.out)
        outputs = features(sources, args.batch_size, ['heatmaps'], skip_broken=True)
        tell_broken(outputs['left_out'], len(sources))
        names, sources, paths = ([of_all[place] for place in outputs['places']] for of_all in (names, sources, paths))
        masks, region_names = outputs['heatmaps'], outputs.get('region_names')
        on_sheet = np.linspace(0, len(names) - 1, min(args.max_faces, len(names))).round().astype(int).tolist()
        faces = []
        for place, (path, source) in enumerate(zip(paths, sources)):
            face = read_face(source)
            write_picture(path, draw_regions(face, masks[place], args.opacity))
            if place in on_sheet:
                faces.append(mmcv.imresize(face, (SIDE, SIDE)))
        sheet = region_sheet(faces, masks[on_sheet], args.columns, args.opacity, region_names)
        write_picture(Path(args.out) / SHEET, sheet)
        print(f'wrote {len(names)} overlays and {SHEET} to {args.out}')


if __name__ == '__main__':
    main()
