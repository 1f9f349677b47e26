"""Writes the features of faces to an .npz file: names, and embeddings, feature maps or region heatmaps.

Images that can't be read are counted, named and left out.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the source tree, where the package is not installed

import numpy as np

from fra_plugin.apis import OUTPUTS, FRAFeatures
from fra_plugin.command import errors_in_one_line, folder_or_files, tell_broken
from fra_plugin.files.whole_file import check_output, whole_file


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', help='training checkpoint, an official one, or an exported backbone')
    parser.add_argument('images', nargs='+', help='image files, or one folder')
    parser.add_argument('--out', required=True, metavar='FILE.npz', help='file to write')
    parser.add_argument(
        '--what',
        nargs='+',
        choices=OUTPUTS,
        default=['embedding'],
        help='embedding: average-pooled backbone feature (default: %(default)s)',
    )
    parser.add_argument('--batch-size', type=int, default=32)
    parser.add_argument('--config', help='config of the model (default: the one in the checkpoint)')
    parser.add_argument('--device', help='such as cuda:1 (default: a GPU where there is one)')
    parser.add_argument('--size', type=int, help='side in pixels of the images (default: as in the config)')
    args = parser.parse_args()
    if not args.out.endswith('.npz'):
        parser.error(f'--out {args.out}: expected a name in .npz')
    return args


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        check_output(args.out)
        features = FRAFeatures(args.checkpoint, args.config, args.device, args.size)
        arrays = features(folder_or_files(args.images), args.batch_size, args.what, skip_broken=True)
        places, left_out = arrays.pop('places'), arrays.pop('left_out')
        tell_broken(left_out, len(places) + len(left_out))
        with whole_file(args.out) as partial:
            np.savez(partial, **arrays)
        shapes = ', '.join(f'{name} {array.shape}' for name, array in arrays.items())
        print(f'wrote {args.out}: {shapes}')


if __name__ == '__main__':
    main()
