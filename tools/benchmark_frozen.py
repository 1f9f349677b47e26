"""Compares what frozen features know about faces: of checkpoints, of random weights, of HOG, of raw pixels, of nothing.

Minutes on a CPU, as only linear probes learn. What is measured is kept in OUT/results.json: an interrupted comparison goes
on where it stopped, and a further row is added by a further call.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Callable, Dict, List, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the source tree, where the package is not installed

import cv2
import numpy as np
import torch
from mmengine.config import Config

from fra_plugin.apis import FRAFeatures, read_face
from fra_plugin.checkpoints.export import origin
from fra_plugin.command import KeyValues, errors_in_one_line
from fra_plugin.configs import find_config
from fra_plugin.evaluation.frozen_probe import hog, raw_pixels
from fra_plugin.evaluation.frozen_tasks import FROZEN_TASKS
from fra_plugin.files.whole_file import whole_file
from fra_plugin.reports.result_table import mean_and_std, write_table

DESCRIPTORS = {'HOG': hog, 'raw pixels': raw_pixels}
GUESS = 'guess'


def row(text: str) -> Tuple[str, str]:
    name, _, source = text.partition('=')
    if not (name and source):
        raise argparse.ArgumentTypeError(f'{text}: expected NAME=CHECKPOINT, or NAME=CONFIG.py for random weights')
    return name, source


def share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f'{text}: expected a number in (0, 1]')
    return value


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config with the tasks, such as configs/transfer/frozen/faces_frozen.py')
    parser.add_argument(
        'rows',
        nargs='*',
        type=row,
        metavar='NAME=CHECKPOINT',
        help='features to compare; NAME=CONFIG.py for the random weights of a config',
    )
    parser.add_argument('--out', required=True, help='folder of the results')
    parser.add_argument('--tasks', nargs='+', help='some of the tasks (default: all)')
    parser.add_argument('--shares', nargs='+', type=share, default=[0.1, 1.0], help='of the training labels')
    parser.add_argument('--seeds', type=int, default=3, help='draws of labels, crops and pairs (default: %(default)s)')
    parser.add_argument('--no-descriptors', action='store_true', help='leave out HOG and raw pixels')
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--device', help='such as cuda:1 (default: a GPU where there is one)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=KeyValues,
        metavar='KEY=VALUE',
        default={},
        help='replaces entries of the config',
    )
    args = parser.parse_args()
    if args.seeds < 1:
        parser.error(f'--seeds must be at least 1, got {args.seeds}')
    return args


class Results:
    """Numbers by task, row, share and seed, in a file that is written after each of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content = dict(sources={}, numbers={}, commands=[])
        if path.is_file():
            self.content = json.loads(path.read_text())

    def claim(self, name: str, source: dict) -> None:
        """A row's name stands for one source for good."""
        known = self.content['sources'].setdefault(name, source)
        if known != source:
            raise ValueError(
                f'{self.path} has results of another {name}, {known["source"]}: choose another name or --out'
            )

    def get(self, *key) -> float:
        return self.content['numbers'].get(' | '.join(map(str, key)))

    def put(self, number: float, *key) -> None:
        self.content['numbers'][' | '.join(map(str, key))] = number
        self.write()

    def write(self) -> None:
        with whole_file(self.path) as partial:
            Path(partial).write_text(json.dumps(self.content, indent=1))


def describe(descriptor: Callable, faces: list) -> np.ndarray:
    """A descriptor of faces, which are read in parts to save memory."""
    parts = [
        [cv2.resize(read_face(face, 96), (96, 96), interpolation=cv2.INTER_AREA) for face in faces[start : start + 256]]
        for start in range(0, len(faces), 256)
    ]
    return np.concatenate([descriptor(np.stack(part)) for part in parts])


def describers(args: argparse.Namespace, results: Results) -> Dict[str, Tuple[bool, Callable]]:
    """By row: whether the seed makes no difference, and what turns (faces, seed) into features."""
    found = {}
    if not args.no_descriptors:
        for name, descriptor in DESCRIPTORS.items():
            found[name] = True, lambda faces, seed, descriptor=descriptor: describe(descriptor, faces)
    for name, source in args.rows:
        if name in found or name == GUESS:
            raise ValueError(f'two rows are called {name}')
        random = source.endswith('.py')
        results.claim(name, dict(source=source) if random else dict(source=source, sha256=origin(source)['sha256']))
        if random:
            source = find_config(source)

        def features(faces, seed, source=source, random=random):
            torch.manual_seed(seed)
            model = FRAFeatures(None if random else source, source if random else None, args.device)
            return model(faces, args.batch_size, ['embedding'])['embedding']

        found[name] = not random, features
    return found


def measure(
    name: str, task, rows: Dict[str, Tuple[bool, Callable]], args: argparse.Namespace, results: Results
) -> None:
    shares = args.shares if task.uses_labels else [1.0]
    for row, (fixed, features) in rows.items():
        kept = None
        for seed in range(args.seeds):
            todo = [share for share in shares if results.get(name, row, share, seed) is None]
            if not todo:
                continue
            print(f'{name}: {row}, seed {seed}', flush=True)
            if kept is None or not (fixed and task.fixed_faces):
                kept = features(task.faces(seed), seed)
            for share in todo:
                results.put(task.score(kept, share, seed), name, row, share, seed)
    for seed in range(args.seeds):
        for share in shares:
            results.put(task.guess(share, seed), name, GUESS, share, seed)


def write(tasks: dict, args: argparse.Namespace, results: Results) -> None:
    columns = [(name, share) for name, task in tasks.items() for share in (args.shares if task.uses_labels else [1.0])]
    header = ['features'] + [f'{name} {share:.0%}' if tasks[name].uses_labels else name for name, share in columns]
    names = [GUESS, *DESCRIPTORS, *results.content['sources']]
    rows = []
    for row in names:
        numbers = {
            (name, share): [results.get(name, row, share, seed) for seed in range(args.seeds)]
            for name, share in columns
        }
        cells = [
            mean_and_std([number for number in numbers[column] if number is not None]) or None for column in columns
        ]
        if any(cells):
            rows.append([row, *cells])
    notes = [
        f'{name}: {task.metric}, {"higher" if task.higher_is_better else "lower"} is better.'
        for name, task in tasks.items()
    ]
    notes += [
        f'Mean ± standard deviation of {args.seeds} draws; the share is that of the training labels. '
        f'{GUESS}: the mean shape, or chance.'
    ]
    notes += [f'{name}: {source["source"]}' for name, source in results.content['sources'].items()]
    write_table(
        args.out, 'frozen_features', 'Frozen features', header, rows, notes=notes, commands=results.content['commands']
    )


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        config = Config.fromfile(find_config(args.config))
        config.merge_from_dict(args.cfg_options)
        chosen: List[str] = args.tasks or list(config.get('tasks') or {})
        if not chosen:
            raise ValueError(f'{args.config} has no tasks')
        tasks = {}
        for name in chosen:
            task = (config.get('tasks') or {}).get(name)
            if task is None or task.get('type') not in FROZEN_TASKS:
                raise ValueError(
                    f'{args.config} has no task {name} of a type among {", ".join(FROZEN_TASKS)}; its tasks are '
                    f'{", ".join(config.get("tasks") or {})}'
                )
            task = task.to_dict()
            tasks[name] = FROZEN_TASKS[task.pop('type')](**task)
        results = Results(Path(args.out, 'results.json'))
        rows = describers(args, results)
        command = ' '.join(['python', *sys.argv])
        if command not in results.content['commands']:
            results.content['commands'].append(command)
        for name, task in tasks.items():
            measure(name, task, rows, args, results)
        write(tasks, args, results)
        print(Path(args.out, 'frozen_features.md').read_text())


if __name__ == '__main__':
    main()
