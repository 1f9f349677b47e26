"""Finds the faces in a folder of photos, and writes their crops and a table of them.

    python tools/dataset_converters/crop_faces.py PHOTOS OUT --size 224 --margin 0.3

OUT gets images/, the crops, in the folders that the photos have, and faces.csv: a row for each face, with its photo, box,
score, five points where the detector gives them, and the square that was cut; and a row for each photo without a face.
The same command goes on after an interruption, and later does only what is new.
"""

import argparse
import logging
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the source tree, where the package is not installed

from mmengine.logging import MMLogger

from fra_plugin.command import errors_in_one_line
from fra_plugin.datasets.transforms.face_crop import ALIGNMENTS, FaceCrop
from fra_plugin.faces.detectors import AUTO, DETECTORS
from fra_plugin.faces.photo_crops import FACE_CHOICES, crop_photos
from fra_plugin.files.printable import printable

TOLD = 3  # broken photos that are named


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('photos', help='folder of photos, with its sub-folders')
    parser.add_argument('out', help='folder to write')
    parser.add_argument(
        '--detector',
        nargs='+',
        default=[AUTO],
        metavar=('NAME', 'FILE'),
        help=f'one of {", ".join(DETECTORS)}; yunet FILE.onnx; mmdet CONFIG.py WEIGHTS.pth '
        '(default: mtcnn where facenet-pytorch is installed, else haar)',
    )
    parser.add_argument('--align', choices=ALIGNMENTS, default='none', help='how a face is cut (default: %(default)s)')
    parser.add_argument('--size', type=int, default=224, help='side of a crop in pixels (default: %(default)s)')
    parser.add_argument(
        '--margin', type=float, default=0.3, help="share of the box's side that is added to it (default: %(default)s)"
    )
    parser.add_argument(
        '--keep',
        choices=FACE_CHOICES,
        default='all',
        help='which faces of a photo; one alone keeps its name (default: all)',
    )
    parser.add_argument('--no-crops', action='store_true', help='write the table only')
    parser.add_argument('--min-score', type=float, help="of a face (default: the detector's own choice)")
    parser.add_argument('--min-size', type=float, default=24, help='of a face box in pixels (default: %(default)s)')
    parser.add_argument('--workers', type=int, help='number of processes (default: one a CPU core)')
    parser.add_argument('--follow-links', action='store_true', help='follow symbolic links to photos')
    parser.add_argument('--overwrite', action='store_true', help='remove what was made with other settings')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    MMLogger.get_current_instance().setLevel(logging.WARNING)
    try:
        with errors_in_one_line():
            found = crop_photos(
                args.photos,
                args.out,
                FaceCrop(args.size, args.margin, args.align),
                detector=args.detector[0],
                files=args.detector[1:],
                min_score=args.min_score,
                min_size=args.min_size,
                keep=args.keep,
                write_crops=not args.no_crops,
                follow_links=args.follow_links,
                workers=args.workers,
                overwrite=args.overwrite,
                progress=sys.stderr.isatty(),
            )
    except KeyboardInterrupt:
        print('\nStopped; the same command goes on.', file=sys.stderr)
        sys.exit(130)
    print(
        f'{found.faces:,} faces in {found.photos:,} photos, of which {found.without:,} show no face and '
        f'{len(found.broken):,} are broken; {printable(found.table)}'
    )
    if found.left_out:
        print(f'left out: {found.left_out}')
    for text in found.broken[:TOLD]:
        print(f'broken: {printable(text)}')
    if len(found.broken) > TOLD:
        print(f'and {len(found.broken) - TOLD:,} more, see the table')


if __name__ == '__main__':
    main()
