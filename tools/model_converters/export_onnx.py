"""Writes a model as onnx, or for torch.export, for programs without OpenMMLab.

    python tools/model_converters/export_onnx.py fra_r18w32_96px fra.onnx
    python tools/model_converters/export_onnx.py work_dirs/my_expressions/epoch_100.pth expressions.onnx

Pre-trained models give embedding, feature_map and heatmaps (of the regions); fine-tuned classifiers and face parsers give
scores, regressions of ages or angles give numbers, landmark models give heatmaps or keypoints. The file takes any number of
images at a time. Its metadata tell how they are prepared: size, channel order, mean, std, and the crop of the face. It is
written if onnxruntime gives the numbers of torch.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the source tree, where the package is not installed

from fra_plugin.checkpoints.shipped_weights import refuse_overwriting
from fra_plugin.command import errors_in_one_line
from fra_plugin.deploy.deployable import read_deployable
from fra_plugin.deploy.exported_program import write_program
from fra_plugin.deploy.onnx_file import OPSET, write_onnx


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', help='pre-trained or fine-tuned; a name or a folder as for FRAFeatures')
    parser.add_argument('out', help='file to write: .onnx, or .pt2 for torch.export')
    parser.add_argument('--config', help='config of the model (default: the one in the checkpoint)')
    parser.add_argument('--what', nargs='+', metavar='OUTPUT', help='some of the outputs (default: all)')
    parser.add_argument('--opset', type=int, default=OPSET, help="version of onnx's operators (default: %(default)s)")
    args = parser.parse_args()
    if not args.out.endswith(('.onnx', '.pt2')):
        parser.error(f'{args.out}: expected a name in .onnx or .pt2')
    return args


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        refuse_overwriting(args.checkpoint, args.out)
        found = read_deployable(args.checkpoint, args.config, args.what)
        is_onnx = args.out.endswith('.onnx')
        differences = write_onnx(found, args.out, args.opset) if is_onnx else write_program(found, args.out)
        size = f'{found.size[0]} x {found.size[1]}'
        print(f'wrote {args.out}: {found.facts["task"]}, images of {size} pixels, {found.facts["channel_order"]}')
        print('differences from torch: ' + ', '.join(f'{name} {value:.1e}' for name, value in differences.items()))


if __name__ == '__main__':
    main()
