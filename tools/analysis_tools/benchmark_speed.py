"""How fast a pre-training config runs here: data alone, step alone, both together, memory, and days for the whole schedule.

One process trains, as with tools/train.py. Each measurement is a process of its own; nothing of a training is kept.
"""

import argparse
import json
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO))  # the source tree, where the package is not installed

import torch  # noqa: E402
from mmengine.config import Config  # noqa: E402
from mmengine.hooks import Hook  # noqa: E402
from mmengine.registry import LOOPS, init_default_scope  # noqa: E402
from mmengine.runner import Runner  # noqa: E402

from fra_plugin.command import build_runner, errors_in_one_line  # noqa: E402
from fra_plugin.command.config_options import add_config_options, merge_options  # noqa: E402
from fra_plugin.configs import load_config  # noqa: E402
from fra_plugin.engine import ReliableTrainLoop  # noqa: E402
from fra_plugin.engine.runners.worker_options import drop_worker_options  # noqa: E402
from fra_plugin.reports.result_table import write_table  # noqa: E402

WARM_UP = 3  # iterations, and batches of data
NOT_THE_STEP = ('RegionHeatmapHook', 'OnlineEvalHook', 'ChannelsLastHook', 'CompileHook')


def parse_args(arguments: List[str] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config of a pre-training: a path, or the base name of one of the project')
    parser.add_argument('--workers', type=int, nargs='+', help="numbers of data workers to try; default: the config's")
    parser.add_argument('--iterations', type=int, default=20, help='to measure, after 3 others; default 20')
    parser.add_argument(
        '--compile',
        nargs='?',
        const='inductor',
        metavar='BACKEND',
        help='measure a compiled step too; default inductor',
    )
    parser.add_argument('--out', help='folder for the table; default work_dirs/benchmark_speed/NAME_OF_CONFIG')
    parser.add_argument('--part', help=argparse.SUPPRESS)  # what a process measures, and where to
    add_config_options(parser)
    return parser.parse_args(arguments)


class Clock(Hook):
    """Times ``iterations`` iterations after the first few and then ends the training."""

    priority = 'LOWEST'

    def __init__(self, iterations: int) -> None:
        self.iterations = iterations
        self.start = self.seconds = 0.0

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        done = runner.iter + 1 - WARM_UP
        if done in (0, self.iterations):
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.start, self.seconds = time.perf_counter(), time.perf_counter() - self.start
            runner.train_loop.stop_training = done > 0


@LOOPS.register_module()
class OneBatchLoop(ReliableTrainLoop):
    """ReliableTrainLoop that loads its first batch and then learns from no other."""

    def _batches(self, start: int) -> Iterator:
        batches = super()._batches(start)
        _, batch = next(batches)
        batches.close()
        while True:
            yield 0, batch


def measure_data(cfg: Config, workers: int, batches: int) -> Dict[str, float]:
    """Seconds that the loader takes for a batch."""
    loader = cfg.train_dataloader
    loader.update(num_workers=workers, persistent_workers=workers > 0)
    drop_worker_options(loader)
    init_default_scope(cfg.default_scope)
    loader = Runner.build_dataloader(loader, seed=0)
    if not len(loader):
        raise ValueError(f'{len(loader.dataset)} faces are fewer than a batch of {loader.batch_size}')

    def forever() -> Iterator:
        while True:
            yield from loader

    endless, ahead = forever(), WARM_UP + workers * (loader.prefetch_factor or 0)
    for _ in range(ahead):  # the workers have their queues full before anybody waits
        next(endless)
    start = time.perf_counter()
    for _ in range(batches):
        next(endless)
    return dict(seconds=(time.perf_counter() - start) / batches)


def measure_step(cfg: Config, part: Dict[str, Any], iterations: int) -> Dict[str, float]:
    """Seconds for an iteration, and the peak of the memory in MiB."""
    if cfg.train_cfg.get('type') != 'ReliableTrainLoop':
        raise ValueError(
            f'expected train_cfg.type ReliableTrainLoop, as pre-trainings have, got {cfg.train_cfg.get("type")}'
        )
    if part['kind'] == 'step':
        cfg.train_cfg.type = 'OneBatchLoop'
    hooks = [hook for hook in cfg.get('custom_hooks', []) if hook['type'] not in NOT_THE_STEP]
    hooks += [dict(type='ChannelsLastHook')] if part['channels_last'] else []
    hooks += [dict(type='CompileHook', backend=part['compile'])] if part['compile'] else []
    cfg.update(custom_hooks=hooks, resume=False, load_from=None, visualizer=dict(type='Visualizer'))
    cfg.default_hooks.checkpoint = None
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.train_cfg.max_epochs = 10**6  # the clock ends it
    runner = build_runner(cfg)
    clock = Clock(iterations)
    runner.register_hook(clock)
    runner.train()
    if torch.cuda.is_available():
        memory = torch.cuda.max_memory_allocated() / 2**20
    else:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == 'darwin' else 2**10)
    return dict(seconds=clock.seconds / iterations, memory=memory)


def measure_here(cfg: Config, part: Dict[str, Any], iterations: int) -> Dict[str, float]:
    """One part, in this process."""
    if part['kind'] == 'data':
        return measure_data(cfg, part['workers'], iterations)
    return measure_step(cfg, part, iterations)


def measure(args: argparse.Namespace, cfg: Config, part: Dict[str, Any]) -> Dict[str, float]:
    """One part, in a process of its own, whose caches, memory and compiled code are gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        cfg = Config(cfg.to_dict())
        cfg.work_dir = folder
        cfg.dump(f'{folder}/config.py')
        command = [sys.executable, __file__, f'{folder}/config.py', '--iterations', str(args.iterations)]
        start = time.monotonic()
        done = subprocess.run([*command, '--part', json.dumps(part)], capture_output=True, text=True)
        print(f'{part["what"]}: {time.monotonic() - start:.0f} s', file=sys.stderr, flush=True)
        if done.returncode:
            lines = (done.stderr.strip() or done.stdout.strip()).splitlines() or [f'exit code {done.returncode}']
            raise ValueError(f'{part["what"]}: {re.sub("^error: ", "", lines[-1])}')
        return json.loads(done.stdout.splitlines()[-1])


def parts(args: argparse.Namespace, cfg: Config) -> List[Dict[str, Any]]:
    """What is measured, in the order of the table; the last one is the training as it is configured."""
    workers = cfg.train_dataloader.get('num_workers', 0)
    given = [hook['type'] for hook in cfg.get('custom_hooks', [])]
    plain = dict(kind='step', channels_last=False, compile=None)
    own = dict(channels_last='ChannelsLastHook' in given, compile='inductor' if 'CompileHook' in given else None)
    steps = [
        dict(plain, what='step alone, channels first'),
        dict(plain, what='step alone, channels last', channels_last=True),
    ]
    if args.compile or own['compile']:
        backend = args.compile or own['compile']
        steps.append(dict(plain, what='step alone, compiled', compile=backend, channels_last=own['channels_last']))
    return [
        *(dict(kind='data', what=f'data alone, {n} workers', workers=n) for n in args.workers or [workers]),
        *steps,
        dict(own, kind='both', what=f'both together, {workers} workers'),
    ]


def report(args: argparse.Namespace, cfg: Config, found: List[Dict[str, Any]]) -> None:
    """The table, with what follows from it."""
    batch, both = cfg.train_dataloader.batch_size, found[-1]
    rows = [
        [
            part['what'],
            batch / part['seconds'],
            1000 * part['seconds'],
            round(part['memory']) if 'memory' in part else None,
        ]
        for part in found
    ]
    configured = [
        part for part in found[:-1] if all(part.get(name) == both[name] for name in ('channels_last', 'compile'))
    ]
    waits = max(0.0, 1 - configured[0]['seconds'] / both['seconds'])
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    cfg.train_dataloader.update(num_workers=0, persistent_workers=False)
    init_default_scope(cfg.default_scope)
    faces = len(Runner.build_dataloader(cfg.train_dataloader).dataset)
    processes = int((re.search(r'_(\d+)xb', Path(args.config).stem) or [0, 1])[1])
    notes = [
        f'{gpu or f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads"}, {os.cpu_count()} cores, '
        f'torch {torch.__version__}, batches of {batch}, mean of {args.iterations} iterations. '
        f'The memory is that of the {"GPU" if gpu else "training process"}, at its peak.',
        f'The device waits for data in {100 * waits:.0f} % of the time.',
    ]
    for number in sorted({1, processes}):
        iterations = faces // (batch * number) * cfg.train_cfg.max_epochs
        days = iterations * both['seconds'] / 86400
        notes.append(
            f'{cfg.train_cfg.max_epochs} epochs of {faces:,} faces are {iterations:,} iterations'
            + (f' with {number} such devices, ' if number > 1 else ' here, ')
            + f'{days:.3g} days'
            + (' if they do not slow each other down.' if number > 1 else '.')
        )
    folder = args.out or os.path.join('work_dirs', 'benchmark_speed', Path(args.config).stem)
    header = ['what', 'pairs of views a second', 'ms for a batch', 'memory, MiB']
    print(write_table(folder, 'benchmark_speed', f'Speed of {Path(args.config).stem}', header, rows, notes=notes))
    print('', *notes, sep='\n')


def main(arguments: List[str] = None) -> None:
    args = parse_args(arguments)
    with errors_in_one_line():
        if args.iterations < 1 or min(args.workers or [0]) < 0:
            raise ValueError('--iterations must be at least 1, --workers at least 0')
        cfg = load_config(args.config)
        merge_options(cfg, args.cfg_options)
        if cfg.get('train_dataloader') is None or cfg.get('train_cfg') is None:
            raise ValueError(f'{args.config} has no train_dataloader and train_cfg: it is not a config to train with')
        cfg.launcher = 'none'
        if args.part is None:
            report(args, cfg, [dict(part, **measure(args, cfg, part)) for part in parts(args, cfg)])
            return
        print(f'\n{json.dumps(measure_here(cfg, json.loads(args.part), args.iterations))}')


if __name__ == '__main__':
    main()
