"""Trains the model of a config of mmpretrain or mmpose: the config's `default_scope` says which."""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the source tree, where the package is not installed

from fra_plugin.checkpoints.resume_check import ResumeCheck
from fra_plugin.checkpoints.shipped_weights import find_checkpoint
from fra_plugin.command import add_config_arguments, build_runner, errors_in_one_line, read_config
from fra_plugin.engine.runners.preconditions import refuse_no_step


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add_config_arguments(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from this checkpoint, or without a value from the latest one in the work directory, if there is one',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    parser.add_argument('--no-validate', action='store_true', help='no evaluation during training')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by this total batch over the one that the config was written for',
    )
    return parser.parse_args()


def merge_args(cfg, args: argparse.Namespace) -> None:
    """Makes the changes that the arguments ask for; names nothing in the loaders, whose configs are complete."""
    if cfg.get('train_dataloader') is None or cfg.get('train_cfg') is None:
        raise ValueError(f'{args.config} has no train_dataloader and train_cfg: it is not a config to train with')
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.auto_scale_lr:
        if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
            raise ValueError(f'--auto-scale-lr needs auto_scale_lr.base_batch_size, which {args.config} does not name')
        cfg.auto_scale_lr.enable = True
    if int(os.environ.get('TORCHELASTIC_MAX_RESTARTS', 0)):  # torchrun may start this process again
        if args.resume not in (None, 'auto'):
            raise ValueError(
                f'--resume {args.resume}: a run that may be restarted (MAX_RESTARTS, --max-restarts) would go back to this '
                'checkpoint each time; give --resume without a checkpoint'
            )
        args.resume = 'auto'
    if args.resume is None and cfg.get('resume') and cfg.get('load_from') and 'resume' not in args.cfg_options:
        cfg.resume, args.resume = False, 'auto'  # a recipe that resumes by itself begins with load_from
    if args.resume == 'auto':
        if not cfg.get('load_from') or has_checkpoint(Path(cfg.work_dir)):  # load_from is where a run begins
            cfg.resume, cfg.load_from = True, None
    elif args.resume is not None:
        cfg.resume, cfg.load_from = True, args.resume
    if cfg.get('load_from') and '://' not in cfg.load_from:
        try:
            cfg.load_from = find_checkpoint(cfg.load_from)
        except FileNotFoundError as error:
            raise FileNotFoundError(f'{error} ({"--resume" if args.resume else "load_from"})') from None


def has_checkpoint(work_dir: Path) -> bool:
    """Whether a run in this folder can be resumed. Its checkpoints may lie in another one, with last_checkpoint here."""
    patterns = ('last_checkpoint', 'epoch_*.pth', 'iter_*.pth')
    return any(path.is_file() for pattern in patterns for path in work_dir.glob(pattern))


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        cfg = read_config(args)
        merge_args(cfg, args)
        runner = build_runner(cfg)
        refuse_no_step(runner.train_loop)  # before the schedulers fail at the length of an epoch
        if cfg.get('resume'):
            runner.register_hook(ResumeCheck())
        runner.train()


if __name__ == '__main__':
    main()
