"""Are two faces of the same person? Tests a checkpoint's frozen features on a list of pairs, by LFW's protocol.

tools/test.py does the same with the config's own pairs; here the pairs and the folder of their images are arguments.
"""

import argparse
import json
import os.path as osp
import sys
from pathlib import Path
from typing import Dict, List, Optional

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the source tree, where the package is not installed

from fra_plugin.command import build_runner, errors_in_one_line
from fra_plugin.command.config_options import add_config_options, merge_options
from fra_plugin.configs import load_config
from fra_plugin.files.whole_file import check_output, whole_file

CONFIG = 'resnet50_1xb64-verify-fra_lfw'


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', help='weights of this project, the official FRA release, MoCo, torchvision, ...')
    parser.add_argument('pairs', help='pairs.txt of LFW, or a csv file with the columns path_a, path_b, same[, fold]')
    parser.add_argument('--images', required=True, help='folder of the images that the list names')
    parser.add_argument('--config', default=CONFIG, help='of the backbone and the pipeline (default: %(default)s)')
    parser.add_argument('--out', help='also write the results to this json file')
    parser.add_argument('--work-dir', default='work_dirs/verification', help='folder of the log (default: %(default)s)')
    add_config_options(parser)
    return parser.parse_args(argv)


def verify(args: argparse.Namespace) -> Dict[str, float]:
    """Results of the test loop, without their prefix."""
    cfg = load_config(args.config)
    merge_options(cfg, args.cfg_options)
    if cfg.get('test_dataloader') is None:
        raise ValueError(
            f'{args.config} has no test_dataloader: expected a config to verify faces with, such as {CONFIG}'
        )
    cfg.test_dataloader.dataset.update(
        data_root='', ann_file=osp.abspath(args.pairs), data_prefix=osp.abspath(args.images)
    )
    cfg.update(load_from=args.checkpoint, work_dir=args.work_dir, launcher='none')
    runner = build_runner(cfg)
    metrics = runner.test()
    return {name.split('/', 1)[1]: value for name, value in metrics.items() if name.startswith('verification/')}


def main(argv: Optional[List[str]] = None) -> None:
    args = parse_args(argv)
    with errors_in_one_line():
        if args.out:
            check_output(args.out)
        results = verify(args)
        print('\n'.join(f'{name:<14}{value:8.2f} %' for name, value in results.items()))
        if args.out:
            content = dict(
                checkpoint=args.checkpoint, pairs=args.pairs, images=args.images, config=args.config, percent=results
            )
            with whole_file(args.out) as partial, open(partial, 'w') as file:
                json.dump(content, file, indent=2)


if __name__ == '__main__':
    main()
