"""Writes the backbone of a pre-training checkpoint for mmpretrain, mmpose, torchvision or timm: tensors only."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the source tree, where the package is not installed

from fra_plugin.checkpoints.export import EXPORT_LAYOUTS, NETWORK_PREFIXES, OTHER_WORDS, export_backbone
from fra_plugin.command import errors_in_one_line

USE = dict(
    mmpretrain="backbone=dict(..., init_cfg=dict(type='PretrainedBackbone', checkpoint='{out}'))",
    torchvision='model.fc = torch.nn.Identity(); model.load_state_dict({load})',
    timm="timm.create_model('resnet...', num_classes=0, checkpoint_path='{out}')",
)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', help='training checkpoint, an official one, or a folder of save_pretrained')
    parser.add_argument('out', help='file to write: .pth, or .safetensors')
    parser.add_argument(
        '--format',
        choices=[*EXPORT_LAYOUTS, *OTHER_WORDS],
        default='mmpretrain',
        help='whose names; mmpose has those of mmpretrain (default: %(default)s)',
    )
    parser.add_argument(
        '--network',
        choices=list(NETWORK_PREFIXES),
        default='online',
        help='online, or target: the momentum network (default: %(default)s)',
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        layout = export_backbone(args.checkpoint, args.out, args.format, args.network)['layout']
        load = (
            f"safetensors.torch.load_file('{args.out}')"
            if args.out.endswith('.safetensors')
            else f"torch.load('{args.out}', weights_only=True)['state_dict']"
        )
        print(f'wrote {args.out}; use it as {USE[layout].format(out=args.out, load=load)}')


if __name__ == '__main__':
    main()
