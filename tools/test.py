"""Tests a checkpoint on the test set of a config of mmpretrain or mmpose: the config's `default_scope` says which."""

import argparse
import contextlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the source tree, where the package is not installed

from mmengine.dist import is_main_process
from mmengine.evaluator import DumpResults
from mmengine.registry import HOOKS

from fra_plugin.checkpoints.shipped_weights import find_checkpoint
from fra_plugin.command import add_config_arguments, build_runner, errors_in_one_line, read_config
from fra_plugin.files.whole_file import check_output, whole_file
from fra_plugin.reports.prediction_pictures import PredictionPictures


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add_config_arguments(parser)
    parser.add_argument('checkpoint', help='weights file')
    parser.add_argument('--out', metavar='FILE', help='write the metrics (.json) or every prediction (.pkl)')
    parser.add_argument('--dump', metavar='FILE.pkl', help='write every prediction')
    parser.add_argument('--show-dir', metavar='DIR', help='draw predictions into this folder')
    parser.add_argument('--show', action='store_true', help='show predictions in a window')
    parser.add_argument('--interval', type=int, default=1, help='draw one in so many')
    parser.add_argument('--wait-time', type=float, default=2, help='seconds for which a window is open')
    args = parser.parse_args()
    if args.interval < 1:
        parser.error(f'--interval must be at least 1, got {args.interval}')
    if args.out and Path(args.out).suffix not in ('.json', '.pkl', '.pickle'):
        parser.error(f'--out {args.out}: expected a name in .json (metrics) or .pkl (predictions)')
    if args.dump and Path(args.dump).suffix not in ('.pkl', '.pickle'):
        parser.error(f'--dump {args.dump}: expected a name in .pkl')
    return args


def merge_args(cfg, args: argparse.Namespace) -> None:
    if cfg.get('test_dataloader') is None or cfg.get('test_cfg') is None:
        raise ValueError(f'{args.config} has no test_dataloader and test_cfg: there is nothing to test')
    cfg.load_from = args.checkpoint if '://' in args.checkpoint else find_checkpoint(args.checkpoint)
    cfg.resume = False
    if args.show or args.show_dir:
        if 'visualization' not in cfg.get('default_hooks', {}):
            raise ValueError(
                f'--show and --show-dir need default_hooks.visualization, which {args.config} does not name'
            )
        cfg.default_hooks.visualization.update(
            enable=True, show=args.show, interval=1 if args.show_dir else args.interval, wait_time=args.wait_time
        )


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        for path in filter(None, (args.out, args.dump)):
            check_output(path)
        cfg = read_config(args)
        merge_args(cfg, args)
        visualization = cfg.default_hooks.pop('visualization') if args.show_dir else None
        runner = build_runner(cfg)
        if visualization:
            runner.register_hook(PredictionPictures(HOOKS.build(visualization), args.show_dir, args.interval))
        pickles = [path for path in (args.out, args.dump) if path and not path.endswith('.json')]
        with contextlib.ExitStack() as written:
            for path in pickles:
                # The first process alone writes.
                partial = written.enter_context(whole_file(path)) if is_main_process() else path
                runner.test_evaluator.metrics.append(DumpResults(out_file_path=partial))
            metrics = runner.test()
        if args.out and args.out not in pickles and is_main_process():
            numbers = json.dumps(metrics, indent=2, default=lambda value: value.tolist())
            with whole_file(args.out) as partial:
                Path(partial).write_text(numbers + '\n')


if __name__ == '__main__':
    main()
