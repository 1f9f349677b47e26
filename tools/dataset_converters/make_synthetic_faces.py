"""Draws synthetic faces with exact labels: landmarks, regions, expression, attributes, identity.

    python tools/dataset_converters/make_synthetic_faces.py --num 2000 --size 128 --out data/synthetic_faces

OUT gets images by identity, landmarks as mmpose's Face300WDataset reads them, and the layouts of RAF-DB (expressions), CelebA
(attributes, identities) and LFW (pairs), region maps, and a contact sheet to look at. The same numbers give the same files,
whatever the number of workers.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the source tree, where the package is not installed

from fra_plugin.command import errors_in_one_line
from fra_plugin.synthetic import write_synthetic_faces


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--num', type=int, required=True, help='number of images; four show the same person')
    parser.add_argument(
        '--size', type=int, default=128, help='width and height in pixels, at least 32 (default: %(default)s)'
    )
    parser.add_argument('--seed', type=int, default=0, help='another seed, other people (default: %(default)s)')
    parser.add_argument('--out', required=True, help='folder to write; it must be empty, or not there')
    parser.add_argument('--workers', type=int, help='number of processes (default: one a CPU core)')
    parser.add_argument('--overwrite', action='store_true', help='replace a folder of synthetic faces')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        out = write_synthetic_faces(
            args.out, args.num, args.size, seed=args.seed, workers=args.workers, overwrite=args.overwrite, progress=True
        )
    print(f'{args.num} faces in {out}; {out / "contact_sheet.jpg"} shows some')


if __name__ == '__main__':
    main()
