"""Converts a checkpoint of the official FRA release to this package's names; the input may hold tensors only."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the source tree, where the package is not installed

from mmengine.config import Config

from fra_plugin.checkpoints.export import origin, write_weights
from fra_plugin.checkpoints.official_release import OFFICIAL_SIZE, official_config, official_to_plugin
from fra_plugin.checkpoints.pretrained_backbone import named_tensors
from fra_plugin.checkpoints.safe_loading.safe_load import safe_load
from fra_plugin.checkpoints.shipped_weights import refuse_overwriting
from fra_plugin.command import errors_in_one_line
from fra_plugin.command.error_text import one_line
from fra_plugin.datasets.transforms.plain_faces import plain_pipeline


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', help='official checkpoint')
    parser.add_argument('out', help='file to write: .pth, or .safetensors')
    return parser.parse_args()


def convert(checkpoint: str, out: str) -> None:
    """The whole model, with a record that tells its origin and its config.

    Raises:
        FileNotFoundError: if there is no such checkpoint.
        ValueError: if it can't be read without running code, a tensor's shape does not fit the others, or ``out`` is the
            checkpoint itself.
        KeyError: if it is not a whole official checkpoint.
    """
    refuse_overwriting(checkpoint, out)
    official = named_tensors(safe_load(checkpoint), checkpoint)
    try:
        tensors = official_to_plugin(official)
    except (KeyError, ValueError) as error:
        raise type(error)(f'{checkpoint}: {one_line(error)}') from None
    config = Config(
        dict(model=official_config(tensors), test_dataloader=dict(dataset=dict(pipeline=plain_pipeline(OFFICIAL_SIZE))))
    ).pretty_text
    write_weights(tensors, dict(origin(checkpoint), converted='from the official release', cfg=config), out)


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        convert(args.checkpoint, args.out)
        print(f'wrote {args.out}')


if __name__ == '__main__':
    main()
