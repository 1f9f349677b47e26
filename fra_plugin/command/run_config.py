"""What the commands of the project do alike: read a config, build its Runner, tell a user's mistake in one line."""

import argparse
import contextlib
import os
import sys
import traceback
from logging import FileHandler
from pathlib import Path
from typing import Iterator

from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from ..checkpoints import RefuseForeignWeights
from ..configs import load_config
from ..engine.hooks.finite_predictions import FinitePredictions
from ..engine.hooks.label_check_hook import LabelCheckHook
from ..engine.runners.fit_to_machine import fit_to_machine
from ..engine.runners.preconditions import drop_late_schedulers, settle_train_cfg
from ..engine.side_product import forgive
from ..files.file_name import take_any_name
from ..files.whole_file import check_folder
from .config_options import add_config_options, merge_options
from .error_text import one_line, raised_in

USER_ERRORS = (ValueError, TypeError, KeyError, OSError, ImportError)
OPENMMLAB = {'mmengine', 'mmcv', 'mmpretrain', 'mmpose', 'mmdet'}  # they tell a user's mistake by assertions too


@contextlib.contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Ends the command with `error: ...` and exit code 1 where a user's mistake is the likely cause.

    The whole traceback goes to the log file of the run, where there is one already, and to the terminal where FRA_DEBUG=1
    is set. Errors of other types (RuntimeError, our own AssertionError, ...) pass through as they are.
    """
    for stream in (sys.stdout, sys.stderr):
        take_any_name(stream)
    try:
        yield
    except (*USER_ERRORS, AssertionError) as error:
        if isinstance(error, AssertionError) and raised_in(error) not in OPENMMLAB:
            raise
        if os.environ.get('FRA_DEBUG', '0') not in ('', '0'):
            raise
        text = traceback.format_exc()
        logs = [handler for handler in MMLogger.get_current_instance().handlers if isinstance(handler, FileHandler)]
        for handler in logs:
            take_any_name(handler.stream)
            handler.stream.write(text)
            handler.flush()
        where = f' (where: {logs[0].baseFilename})' if logs else ''
        rank = os.environ.get('RANK', '0')
        who = 'error' if rank == '0' else f'error (process {rank})'
        print(f'{who}: {one_line(error)}{where}', file=sys.stderr, flush=True)
        sys.exit(1)


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that train.py and test.py of every OpenMMLab project share."""
    parser.add_argument('config', help='config file: a path, or the base name of one of the project')
    parser.add_argument('--work-dir', help='folder for logs and checkpoints; default work_dirs/NAME_OF_CONFIG')
    add_config_options(parser)
    parser.add_argument(
        '--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none', help='who starts processes'
    )
    # torch.distributed.launch passes one spelling or the other.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def read_config(args: argparse.Namespace) -> Config:
    """The config of the arguments above, with their changes made in it.

    Raises:
        FileNotFoundError: no such config, or no such base.
        ValueError: the file is not valid Python, or not a config; or an option can't be read.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = load_config(args.config)
    merge_options(cfg, args.cfg_options)
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = os.path.join('work_dirs', Path(cfg.filename).stem)
    cfg.work_dir = os.path.expanduser(cfg.work_dir)
    return cfg


def build_runner(cfg: Config) -> Runner:
    """The Runner of a config, on the machine at hand; the log tells what had to be changed for it.

    Weights of another model, labels that the model does not have, and predictions that are not finite are refused whether or
    not the config asks for it. What cannot be written to the visualizer's backends is a warning.
    """
    if cfg.get('default_scope') == 'mmpose':
        from .. import landmark  # noqa: F401  (checks annotation files of any config of mmpose)
    settle_train_cfg(cfg)
    check_folder(cfg.work_dir)
    changes = drop_late_schedulers(cfg) + fit_to_machine(cfg)
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    for check in (RefuseForeignWeights, LabelCheckHook, FinitePredictions):
        if not any(isinstance(hook, check) for hook in runner.hooks):
            runner.register_hook(check())
    forgive(runner.visualizer)
    for handler in runner.logger.handlers:
        if isinstance(handler, FileHandler):
            take_any_name(handler.stream)
    for change in changes:
        runner.logger.warning(change)
    return runner
