"""Runs the chosen protocols with one checkpoint, one after another, and writes one table (csv, Markdown, html).

``random`` in the checkpoint's place gives the same table for random weights, drawn anew by each seed.

What is finished is not done again: an interrupted benchmark goes on where it stopped, inside a training too. A task without
data is skipped, and the table says why.
"""

import argparse
import copy
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))  # the source tree, where the package is not installed

import numpy as np  # noqa: E402
from mmengine.config import Config  # noqa: E402

from fra_plugin.checkpoints.export import origin  # noqa: E402
from fra_plugin.checkpoints.finite_weights import refuse_not_finite  # noqa: E402
from fra_plugin.checkpoints.pretrained_backbone import named_tensors  # noqa: E402
from fra_plugin.checkpoints.safe_loading.safe_load import safe_load  # noqa: E402
from fra_plugin.checkpoints.shipped_weights import find_checkpoint  # noqa: E402
from fra_plugin.checkpoints.whole_checkpoint import last_checkpoint  # noqa: E402
from fra_plugin.command import errors_in_one_line  # noqa: E402
from fra_plugin.command.config_options import add_config_options, merge_options  # noqa: E402
from fra_plugin.configs import dicts, find_config, load_config  # noqa: E402
from fra_plugin.files.stamp import Stamp, data_files, label_files, listing, read_stamp  # noqa: E402
from fra_plugin.files.whole_file import check_folder, whole_file  # noqa: E402
from fra_plugin.reports.result_table import write_table  # noqa: E402

TASKS = {
    'rafdb': 'resnet50_8xb32-ft-fra_rafdb',
    'rafdb-linear': 'resnet50_8xb32-linear-fra_rafdb',
    'affectnet7': 'resnet50_8xb32-ft-fra_affectnet7',
    'affectnet7-linear': 'resnet50_8xb32-linear-fra_affectnet7',
    'affectnet8': 'resnet50_8xb32-ft-fra_affectnet8',
    'ferplus': 'resnet50_8xb32-ft-fra_ferplus',
    'ferplus-linear': 'resnet50_8xb32-linear-fra_ferplus',
    'fer2013': 'resnet50_8xb32-ft-fra_fer2013',
    'fer2013-linear': 'resnet50_8xb32-linear-fra_fer2013',
    'celeba': 'resnet50_8xb32-ft-fra_celeba',
    'celeba-linear': 'resnet50_8xb32-linear-fra_celeba',
    'wflw': 'td-hm_res50_udp-8xb64-60e_wflw-256x256',
    'wflw-star': 'td-hm_res50_star-8xb64-60e_wflw-256x256',
    '300w': 'td-hm_res50_udp-8xb64-60e_300w-256x256',
    '300w-star': 'td-hm_res50_star-8xb64-60e_300w-256x256',
    'cofw': 'td-hm_res50_udp-8xb64-60e_cofw-256x256',
    'aflw': 'td-hm_res50_udp-8xb64-60e_aflw-256x256',
    'lapa': 'td-hm_res50_udp-8xb64-60e_lapa-256x256',
    'coco-wholebody-face': 'td-hm_res50_udp-8xb32-60e_coco-wholebody-face-256x256',
    'lfw': 'resnet50_1xb64-verify-fra_lfw',
}
# What the table shows of the metrics of a run; all of them are in its metrics.json.
SHOWN = (
    'accuracy/top1',
    'class_accuracy/mean',
    'attribute/accuracy',
    'attribute/balanced_accuracy',
    'NME_interocular',
    'NME_interpupil',
    'NME_box_size',
    'NME_box_diagonal',
    'verification/accuracy',
    'verification/auc',
)
RANDOM = 'random'
PARTS = ('train', 'val', 'test')
MIN_LENGTH = 2560  # faces an epoch where labels are few: 10 steps of the recipe


def budgets(text: str) -> List[float]:
    try:
        values = [float(value) for value in text.split(',')]
    except ValueError:
        values = [0]
    if not all(0 < value <= 100 for value in values):
        raise argparse.ArgumentTypeError(f'{text}: expected percentages in (0, 100], such as 1,10,100')
    return values


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'checkpoint', help=f'pre-trained weights, of any layout that PretrainedBackbone knows, or {RANDOM}'
    )
    parser.add_argument('--tasks', required=True, help=f'comma-separated; among {", ".join(TASKS)}, or configs (.py)')
    parser.add_argument(
        '--budget',
        type=budgets,
        default=[100.0],
        metavar='1,10,100',
        help='percentages of the training labels (default: 100)',
    )
    parser.add_argument('--seeds', type=int, default=1, help='runs of each (default: %(default)s)')
    parser.add_argument('--data-root', default='data', help='folder of the data sets (default: %(default)s)')
    parser.add_argument('--work-dir', help='default: work_dirs/benchmark/NAME_OF_CHECKPOINT')
    parser.add_argument('--gpus', type=int, default=1, help='processes of a training (default: %(default)s)')
    add_config_options(parser)
    args = parser.parse_args()
    for name in ('seeds', 'gpus'):
        if getattr(args, name) < 1:
            parser.error(f'--{name} must be at least 1, got {getattr(args, name)}')
    args.work_dir = Path(args.work_dir or Path('work_dirs', 'benchmark', Path(args.checkpoint).stem))
    return args


class Run(NamedTuple):
    """One training (None where only the test counts) and test, in a folder of its own."""

    task: str
    budget: Optional[float]
    seed: int
    folder: Path
    cfg: Config
    text: str  # of the config
    stamp: Stamp

    @property
    def title(self) -> str:
        return self.task if self.budget is None else f'{self.task}, {self.budget:g} % of the labels, seed {self.seed}'

    @property
    def missing_data(self) -> Optional[str]:
        """A data folder of the config that is not there."""
        folders = (
            dataset['data_root']
            for dataset in dicts([self.cfg.get('train_dataloader'), self.cfg.get('test_dataloader')])
            if dataset.get('data_root')
        )
        return next((folder for folder in folders if not os.path.isdir(folder)), None)


def plan(args: argparse.Namespace) -> List[Run]:
    """All runs, in their order."""
    # Told by a hash, so that a run is never taken for that of other weights.
    weights = (
        dict(checkpoint=RANDOM)
        if args.checkpoint == RANDOM
        else dict(checkpoint=os.path.abspath(args.checkpoint), sha256=origin(args.checkpoint)['sha256'])
    )
    runs: List[Run] = []
    for name in dict.fromkeys(args.tasks.split(',')):
        if name not in TASKS and not name.endswith('.py'):
            raise ValueError(f'no task {name!r}: expected a config (.py) or one of {", ".join(TASKS)}')
        path = find_config(TASKS.get(name, name))
        task = name if name in TASKS else Path(name).stem
        if task in (run.task for run in runs):
            raise ValueError(f'two tasks are called {task}, and so would be their results: rename one of the configs')
        trains = load_config(path).get('train_dataloader') is not None
        if not trains and args.checkpoint == RANDOM:
            raise ValueError(f'{task} trains nothing and needs a checkpoint, got {RANDOM}')
        for budget in args.budget if trains else [None]:
            for seed in range(args.seeds if trains else 1):
                cfg = load_config(path)
                cfg.benchmark = weights
                complete(cfg, args, budget, seed)
                folder = args.work_dir / task / ('test' if budget is None else f'labels{budget:g}_seed{seed}')
                runs.append(Run(task, budget, seed, folder, cfg, cfg.pretty_text, stamp_of(cfg, args.work_dir)))
    return runs


def stamp_of(cfg: Config, work_dir: Path) -> Stamp:
    """All that the numbers of a run depend on; where the weights lie is not part of it."""
    weights = cfg.benchmark.get('sha256', RANDOM)
    parts = dicts(copy.deepcopy(cfg.to_dict()))
    for part in parts:
        if part.get('checkpoint') == cfg.benchmark.checkpoint:
            part['checkpoint'] = weights
    loaders, metrics = ([cfg.get(f'{part}_{kind}') for part in PARTS] for kind in ('dataloader', 'evaluator'))
    # A label may also be the name of a file or of its folder.
    data = listing(data_files(loaders, work_dir))
    labels = label_files(loaders + metrics, work_dir)
    return Stamp(weights=weights, config=parts[0], labels=labels, data=data)


def complete(cfg: Config, args: argparse.Namespace, budget: Optional[float], seed: int) -> None:
    """Give a config its weights, its seed, its data and its share of the labels."""
    if budget is not None:
        if 'backbone' not in (cfg.get('model') or {}):
            raise ValueError(f'{cfg.filename}: its model has no backbone to start from the checkpoint')
        backbone = cfg.model.backbone
        if args.checkpoint == RANDOM:
            backbone.init_cfg = None
        else:
            if 'checkpoint' not in (backbone.get('init_cfg') or {}):
                backbone.init_cfg = dict(type='mmpretrain.PretrainedBackbone')
            backbone.init_cfg.checkpoint = os.path.abspath(args.checkpoint)
        cfg.randomness = dict(cfg.get('randomness') or {}, seed=seed)
    move_data(cfg, args.data_root)
    merge_options(cfg, args.cfg_options)
    if budget is not None and budget < 100:
        few = dict(type='LabelBudget', share=budget / 100, seed=seed, dataset=cfg.train_dataloader.dataset)
        if cfg.get('default_scope') == 'mmpose':
            few = dict(type='RepeatDataset', times=round(100 / budget), dataset=few)
        else:
            few['min_length'] = MIN_LENGTH
        cfg.train_dataloader.dataset = few


def move_data(cfg: Config, data_root: str) -> None:
    """Put the folder of the user's data sets in the place of 'data', for data sets and metrics that read tables."""
    for part in dicts([cfg.get(f'{part}_{kind}') for part in PARTS for kind in ('dataloader', 'evaluator')]):
        first, _, rest = (part.get('data_root') or '').partition('/')
        if first == 'data':
            part['data_root'] = os.path.join(data_root, rest)


def tool(name: str) -> str:
    return os.path.relpath(REPO / 'tools' / name)


def shown(command: List[str]) -> str:
    """As one would type it."""
    return shlex.join('python' if word == sys.executable else word for word in command)


def commands(run: Run, args: argparse.Namespace) -> List[List[str]]:
    """What trains and tests a run; the checkpoint that is tested is filled in when there is one."""
    config = str(run.folder / 'config.py')
    test = [
        sys.executable,
        tool('test.py'),
        config,
        args.checkpoint,
        '--work-dir',
        str(run.folder / 'test'),
        '--out',
        str(run.folder / 'metrics.json'),
    ]
    if run.budget is None:
        return [test]
    train = (
        [sys.executable, tool('train.py'), config]
        if args.gpus == 1
        else ['bash', tool('dist_train.sh'), config, str(args.gpus)]
    )
    folder = str(run.folder / 'train')
    train += ['--work-dir', folder, '--resume']
    if 'base_batch_size' in run.cfg.get('auto_scale_lr', {}):
        train.append('--auto-scale-lr')
    last = Path(folder, 'last_checkpoint')
    test[3] = str(last)
    if last.is_file():
        test[3] = last_checkpoint(folder, folder) or last.read_text().strip()
    return [train, test]


def execute(run: Run, args: argparse.Namespace) -> Optional[str]:
    """Do a run as far as it is not done; returns why it failed."""
    run.folder.mkdir(parents=True, exist_ok=True)
    run.stamp.write(run.folder / 'stamp.json')
    with whole_file(run.folder / 'config.py') as partial:
        Path(partial).write_text(run.text)
    log = run.folder / 'benchmark.log'
    for step in range(1 if run.budget is None else 2):
        command = commands(run, args)[step]  # the second one names what the first one made
        with open(log, 'a', errors='backslashreplace') as file:
            start = file.tell()
            file.write(f'$ {shown(command)}\n')
            file.flush()
            done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT)
        if done.returncode:
            text = log.read_bytes()[start:].decode(errors='replace')  # not of an earlier attempt
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            reason = next((line for line in reversed(lines) if line.startswith('error')), lines[-1])
            return f'failed ({reason}; log: {log})'
    return None


def refuse_other_runs(runs: List[Run]) -> None:
    """A folder with a run of another config or checkpoint must not lend its numbers to this one."""
    for run in runs:
        if not (run.folder / 'config.py').is_file():
            continue
        difference = run.stamp.difference(read_stamp(run.folder / 'stamp.json'))
        if difference:
            raise ValueError(
                f'{run.folder} holds a run with other weights, options or data ({difference}): choose another --work-dir'
            )


def metrics(run: Run) -> Dict[str, float]:
    path = run.folder / 'metrics.json'
    return json.loads(path.read_text()) if path.is_file() else {}


def write(runs: List[Run], notes: Dict[str, str], args: argparse.Namespace) -> str:
    """Write the table of what is finished, and give it back in Markdown."""
    rows, done = [], []
    for key in dict.fromkeys((run.task, run.budget) for run in runs):
        group = [run for run in runs if (run.task, run.budget) == key]
        results = [metrics(run) for run in group if metrics(run)]
        note = '; '.join(dict.fromkeys(notes[run.title] for run in group if run.title in notes)) or None
        labels = None if key[1] is None else f'{key[1]:g} %'
        names = [name for name in SHOWN if results and name in results[0]] or list(results[0] if results else [])[:1]
        for name in names:
            values = [result[name] for result in results]
            rows.append(
                [
                    key[0],
                    labels,
                    name,
                    float(np.mean(values)),
                    float(np.std(values, ddof=1)) if len(values) > 1 else None,
                    len(values),
                    note,
                ]
            )
        if not names:
            rows.append([key[0], labels, None, None, None, 0, note])
        done += [shown(command) for run in group if metrics(run) for command in commands(run, args)]
    weights = runs[0].cfg.benchmark
    text = [
        'Random weights.' if args.checkpoint == RANDOM else f'Checkpoint: {args.checkpoint}, sha256 {weights.sha256}.',
        'std: standard deviation over runs with other seeds, which also draw other labels. Accuracies are percentages, '
        'NME is a fraction of the distance that it names.',
    ]
    return write_table(
        args.work_dir,
        'benchmark',
        'Benchmark',
        ['task', 'labels', 'metric', 'mean', 'std', 'runs', 'note'],
        rows,
        notes=text,
        commands=[shown(['python', *sys.argv]), *done],
    )


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        check_folder(args.work_dir)
        if args.checkpoint != RANDOM:
            args.checkpoint = find_checkpoint(args.checkpoint)
            refuse_not_finite(named_tensors(safe_load(args.checkpoint), args.checkpoint), args.checkpoint)
        runs = plan(args)
        refuse_other_runs(runs)
        notes, failed = {}, 0
        for place, run in enumerate(runs, 1):
            start = time.time()
            print(f'[{place}/{len(runs)}] {run.title}', end='', flush=True)
            if metrics(run):
                print(': done before')
            elif run.missing_data:
                notes[run.title] = f'skipped, no data in {run.missing_data}'
                print(f': {notes[run.title]}')
            else:
                reason = execute(run, args)
                if reason:
                    notes[run.title] = reason
                    failed += 1
                print(f': {reason}' if reason else f': {time.time() - start:.0f} s')
            table = write(runs, notes, args)
        print(table)
        if failed:
            raise ValueError(f'{failed} of {len(runs)} runs failed; the table names their logs')
        if not any(metrics(run) for run in runs):
            raise FileNotFoundError(
                f'nothing was measured: no data of any task; {runs[0].title}: {notes[runs[0].title]}'
            )


if __name__ == '__main__':
    main()
