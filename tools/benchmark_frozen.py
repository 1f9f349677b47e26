"""Compares frozen features on face tasks: of checkpoints, of random weights, HOG, raw pixels, and a guess without features.

Minutes on a CPU, as only small linear tools learn. Features of a network are taken in two places: pooled, the average of
its last feature map, and the whole map. What is measured is kept in OUT/results.json: an interrupted comparison goes on
where it stopped, a further row is added by a further call, and a call without rows writes the tables again.

Several pre-trainings of one method are METHOD/SEED=CHECKPOINT each: their row has the mean and the deviation of the runs,
and methods with the same seeds are compared run by run. Checkpoints of one pre-training are METHOD@EPOCHS=CHECKPOINT each: they
are the points of a curve, OUT/frozen_curve.png.
"""

import argparse
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import Callable, Collection, Dict, List, Sequence, Tuple, Union

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the source tree, where the package is not installed

import cv2
import numpy as np
import torch

from fra_plugin.apis import FRAFeatures, read_face
from fra_plugin.checkpoints.shipped_weights import find_checkpoint
from fra_plugin.command import errors_in_one_line
from fra_plugin.command.config_options import add_config_options, merge_options
from fra_plugin.configs import find_config, load_config
from fra_plugin.evaluation.frozen.pixel_probe import hog_map
from fra_plugin.evaluation.frozen.probe import MEASURE, hog, raw_pixels
from fra_plugin.evaluation.frozen.tasks import FROZEN_TASKS
from fra_plugin.files.file_hash import sha256
from fra_plugin.files.stamp import Stamp, label_files, listing
from fra_plugin.files.whole_file import whole_file
from fra_plugin.reports.frozen_bars import frozen_bars
from fra_plugin.reports.frozen_curve import frozen_curve
from fra_plugin.reports.frozen_results import Column, FrozenResults, Result
from fra_plugin.reports.result_table import fill_page, write_table

DESCRIPTORS = {
    'HOG': dict(vectors=hog, maps=hog_map),
    'raw pixels': dict(vectors=raw_pixels, maps=lambda images: raw_pixels(images).reshape(-1, 1, 32, 32)),
}
GUESS = 'guess'
PLACES = ('pooled', 'map')
OUTPUTS = dict(embedding='pooled', feature_map='map')


def row(text: str) -> Tuple[str, str]:
    name, _, source = text.partition('=')
    if not (name.strip('/') and source) or '|' in name:
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
        help='features to compare; METHOD/SEED=CHECKPOINT for each of several pre-trainings; METHOD@EPOCHS=CHECKPOINT '
        'for each point of a curve; NAME=CONFIG.py for the random weights of a config',
    )
    parser.add_argument('--out', required=True, help='folder of the results')
    parser.add_argument('--tasks', nargs='+', help='some of the tasks (default: all)')
    parser.add_argument('--shares', nargs='+', type=share, default=[0.1, 1.0], help='of the training labels')
    parser.add_argument('--seeds', type=int, default=3, help='draws of labels, crops and pairs (default: %(default)s)')
    parser.add_argument('--places', nargs='+', choices=PLACES, default=PLACES, help='of a network (default: both)')
    parser.add_argument('--no-descriptors', action='store_true', help='leave out HOG and raw pixels')
    parser.add_argument('--tables-only', action='store_true', help='measure nothing: write the tables of what is there')
    parser.add_argument('--page', help='Markdown page that has the marks of the tables: write them there too')
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--device', help='such as cuda:1 (default: a GPU where there is one)')
    add_config_options(parser)
    args = parser.parse_args()
    if args.seeds < 1:
        parser.error(f'--seeds must be at least 1, got {args.seeds}')
    return args


class Row:
    """Something that turns faces into features, by place.

    Args:
        name: METHOD or METHOD/RUN.
        describe: by what a task needs: (faces, seed) -> features (N, ...) by place.
        places: by what a task needs: where features are taken; nowhere if it has none of this kind.
        fixed: whether the seed makes no difference. Each file is then looked at once.
    """

    def __init__(self, name: str, describe: Dict[str, Callable], places: Dict[str, Sequence[str]], fixed: bool) -> None:
        self.name = name
        self.method, _, self.run = name.partition('/')
        self.describe = describe
        self.places = places
        self.fixed = fixed
        self._known: Dict[str, Dict[str, np.ndarray]] = {}
        self._seed = 0

    def __call__(self, faces: list, seed: int, needs: str) -> Dict[str, np.ndarray]:
        describe = self.describe[needs]
        if needs == 'maps':  # as large as they come: half precision
            return describe(faces, seed)
        if not isinstance(faces[0], str) or needs != 'vectors':
            return {name: vectors.astype(np.float32) for name, vectors in describe(faces, seed).items()}
        if not self.fixed and seed != self._seed:
            self._known, self._seed = {}, seed
        new = [face for face in dict.fromkeys(faces) if face not in self._known]
        if new:
            found = describe(new, seed)
            for place, face in enumerate(new):
                self._known[face] = {name: vectors[place] for name, vectors in found.items()}
        return {
            name: np.stack([self._known[face][name] for face in faces]).astype(np.float32)
            for name in self._known[faces[0]]
        }


def descriptor_row(name: str) -> Row:
    def describe(kind: str, faces: list, seed: int) -> Dict[str, np.ndarray]:
        parts = []
        for start in range(0, len(faces), 256):  # to save memory
            images = [read_face(face, 96) for face in faces[start : start + 256]]
            parts.append(
                DESCRIPTORS[name][kind](
                    np.stack([cv2.resize(image, (96, 96), interpolation=cv2.INTER_AREA) for image in images])
                )
            )
        return {'': np.concatenate(parts)}

    kinds = DESCRIPTORS[name]
    return Row(
        name,
        {kind: partial(describe, kind) for kind in kinds},
        dict(dict.fromkeys(kinds, ['']), heatmaps=[]),
        fixed=True,
    )


def network_row(name: str, source: str, args: argparse.Namespace) -> Row:
    random = source.endswith('.py')
    if random:
        source = find_config(source)
    kept: Dict[int, FRAFeatures] = {}

    def model(seed: int) -> FRAFeatures:
        seed = seed if random else 0
        if seed not in kept:
            kept.clear()
            torch.manual_seed(seed)
            kept[seed] = FRAFeatures(None if random else source, source if random else None, args.device)
        return kept[seed]

    def vectors(faces: list, seed: int) -> Dict[str, np.ndarray]:
        parts: Dict[str, List[np.ndarray]] = {place: [] for place in args.places}
        outputs = [output for output in ('embedding', 'feature_map') if OUTPUTS[output] in parts]
        for start in range(0, len(faces), 1024):
            found = model(seed)(faces[start : start + 1024], args.batch_size, outputs, False)
            for output in outputs:  # half precision for the memory's sake
                values = found[output].reshape(len(found[output]), -1)
                parts[OUTPUTS[output]].append(values.astype(np.float16) if output == 'feature_map' else values)
        return {place: np.concatenate(part) for place, part in parts.items()}

    def heatmaps(faces: list, seed: int) -> Dict[str, np.ndarray]:
        return {'map': model(seed)(faces, args.batch_size, ['heatmaps'], False)['heatmaps']}

    def maps(faces: list, seed: int) -> Dict[str, np.ndarray]:
        outputs = dict(map='feature_map', heatmaps='heatmaps')
        parts: Dict[str, List[np.ndarray]] = {place: [] for place in places['maps']}
        for start in range(0, len(faces), 1024):
            wanted = [outputs[place] for place in parts]
            found = model(seed)(faces[start : start + 1024], args.batch_size, wanted, False)
            for place, part in parts.items():
                part.append(found[outputs[place]].astype(np.float16))
        return {place: np.concatenate(part) for place, part in parts.items()}

    region_places = ['heatmaps'] if model(0).model is not None else []
    places = dict(
        vectors=args.places,
        heatmaps=['map'] if region_places else [],
        maps=['map', *region_places] if 'map' in args.places else [],
    )
    return Row(name, dict(vectors=vectors, heatmaps=heatmaps, maps=maps), places, fixed=not random)


def make_rows(args: argparse.Namespace, tasks: Collection[str], results: FrozenResults) -> List[Row]:
    rows = [] if args.no_descriptors else [descriptor_row(name) for name in DESCRIPTORS]
    names = {GUESS, *(row.method for row in rows)}
    for name, _ in args.rows:
        if name in tasks:
            raise ValueError(f'a row is called {name}, as one of the tasks is: choose another name')
        if name in names:
            raise ValueError(f'two rows are called {name}')
        names.add(name)
    names |= results.content['sources'].keys()
    for name in sorted(names):
        method, _, run = name.partition('/')
        if run and method in names:
            raise ValueError(f'{method} is one row, and {name} a run of a row of that name: choose another name')
    for name, source in args.rows:
        if source.endswith('.py'):
            stamp = Stamp(config=load_config(source).to_dict())
        else:
            stamp = Stamp(weights=dict(sha256=sha256(find_checkpoint(source))))
        results.claim(name, stamp, source)
        rows.append(network_row(name, source, args))
    return rows


def columns_of(name: str, task, args: argparse.Namespace) -> List[Column]:
    return [Column(name, share) for share in args.shares] if task.uses_labels else [Column(name, None)]


def measure(name: str, task, row: Row, seeds: Sequence[int], args: argparse.Namespace, results: FrozenResults) -> None:
    """All that is missing of a row in a task."""
    places = row.places[task.needs]
    features, prepared = {}, {}
    for seed in seeds:
        if not (row.fixed and task.fixed_faces):
            features, prepared = {}, {}
        for place in places:
            for column in columns_of(name, task, args):
                result = Result(row.method, row.run, place, column, seed)
                # With all labels of the same faces another seed would repeat the first.
                if result in results.numbers or seed and row.fixed and not task.has_draws(column.share):
                    continue
                if not features:
                    print(f'{name}: {row.name}, seed {seed}', flush=True)
                    features = row(task.faces(seed), seed, task.needs)
                if place not in prepared:
                    prepared[place] = task.prepare(features[place])
                put(results, result, task.score(prepared[place], column.share or 1.0, seed))


def put(results: FrozenResults, result: Result, score: Union[float, Dict[str, float]]) -> None:
    """The number of the main table comes last, as it says that all are there."""
    scores = dict(score) if isinstance(score, dict) else {'': score}
    main = scores.pop('')
    for measure, number in scores.items():
        results.put(result._replace(column=result.column.of(measure)), number)
    results.put(result, main)


def guess(name: str, task, args: argparse.Namespace, results: FrozenResults) -> None:
    for seed in range(args.seeds):
        for column in columns_of(name, task, args):
            result = Result(GUESS, '', '', column, seed)
            if result not in results.numbers:
                put(results, result, task.guess(column.share or 1.0, seed))


def write(tasks: dict, args: argparse.Namespace, results: FrozenResults) -> str:
    measured = {result.column for result in results.numbers}  # with --tables-only, not all tasks and shares may be
    columns = [column for name, task in tasks.items() for column in columns_of(name, task, args) if column in measured]
    tasks = {name: task for name, task in tasks.items() if name in {column.task for column in columns}}
    header, rows = results.table(columns)
    notes = [
        f'{name}: {task.metric}, {"higher" if task.higher_is_better else "lower"} is better.'
        for name, task in tasks.items()
    ]
    draws = 1 + max(result.seed for result in results.numbers)
    notes.append(
        'The share is that of the training labels. ±: standard deviation, of the runs of a row with several '
        f'pre-trainings, else of {draws} draws of labels, crops, pairs and random weights. {GUESS}: the mean shape, '
        'the median, a fixed grid, or chance.'
    )
    notes += [f'{name}: {source["source"]}' for name, source in results.content['sources'].items()]
    metrics = {
        name: task.metric + ('' if task.higher_is_better else ' (lower is better)') for name, task in tasks.items()
    }
    bars = frozen_bars(results, columns, metrics, GUESS)
    with whole_file(Path(args.out, 'frozen_features.png')) as partial_file:
        bars.savefig(partial_file, dpi=150)
    curve = frozen_curve(results, columns, metrics, GUESS)
    if curve.axes:
        with whole_file(Path(args.out, 'frozen_curve.png')) as partial_file:
            curve.savefig(partial_file, dpi=150)
    tables = dict(
        frozen_features=write_table(
            args.out,
            'frozen_features',
            'Frozen features',
            header,
            rows,
            notes=notes,
            commands=results.content['commands'],
            figure=bars,
            caption=f'Pale bars: pooled features. Dashed: {GUESS}. The lines at the ends of the bars: one standard deviation.',
        )
    )
    for name, task in tasks.items():
        if getattr(task, 'by_class', False):
            own = [column for column in columns if column.task == name]
            tables[f'frozen_{name}'] = write_by_class(name, task, own, args, results)
    compared, lines = results.comparisons(columns, {name: task.higher_is_better for name, task in tasks.items()})
    if lines:
        note = 'Mean and 95 % interval of the difference between runs of the same seed; above 0 the first is better.'
        tables['frozen_comparisons'] = write_table(
            args.out, 'frozen_comparisons', 'Methods compared', compared, lines, notes=[note]
        )
    if args.page:
        # Where all numbers are in tables of their own, the page has these, else the main one. It may have further ones.
        alone = all(getattr(task, 'by_class', False) for task in tasks.values())
        needed = [f'frozen_{name}' for name in tasks] if alone else ['frozen_features']
        page = Path(args.page).read_text(encoding='utf-8')
        for name, table in tables.items():
            if name in needed or name != 'frozen_features' and f'<!-- {name} -->' in page:
                fill_page(args.page, name, table)
    return '\n\n'.join(tables.values())


def write_by_class(name: str, task, columns: Sequence[Column], args: argparse.Namespace, results: FrozenResults) -> str:
    """A table of its own of a task that has further numbers, of the largest share of the labels."""
    column = max(columns, key=lambda column: column.share or 1)
    further = results.further(column)
    _, rows = results.table([column, *further])
    note = (
        f'{column}: {task.metric}. mF1 is the mean over the parts without the background; each part has its F1, '
        '2 x overlap / (predicted + true pixels), in percent.'
    )
    header = ['features', 'mIoU', *(column.measure for column in further)]
    return write_table(args.out, f'frozen_{name}', f'Frozen features: {name}', header, rows, notes=[note])


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        config = load_config(args.config)
        merge_options(config, args.cfg_options)
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
            tasks[name] = task.to_dict()
        kinds = {name: FROZEN_TASKS[task.pop('type')] for name, task in tasks.items()}
        results = FrozenResults(Path(args.out, 'results.json'))
        if args.tables_only and not results.numbers:
            raise FileNotFoundError(f'{results.path} has no results, so there is no table')
        if args.page and not Path(args.page).is_file():
            raise FileNotFoundError(f'--page {args.page}: no such page')
        if not args.tables_only:
            definitions = tasks
            tasks = {name: kinds[name](**task) for name, task in tasks.items()}
            for name, task in tasks.items():
                definition = dict(definitions[name], type=kinds[name].__name__)
                labels, faces = label_files(definition, args.out), listing(task.files())
                results.claim(name, Stamp(definition=definition, labels=labels, faces=faces, measure=MEASURE))
            rows = make_rows(args, config.tasks, results)
            command = shlex.join(['python', *sys.argv])
            if command not in results.content['commands']:
                results.content['commands'].append(command)
            for name, task in tasks.items():
                guess(name, task, args, results)
            while rows:  # one after the other: what a row knows of the faces goes with it
                row = rows.pop(0)
                for seeds in [range(args.seeds)] if row.fixed else [[seed] for seed in range(args.seeds)]:
                    for name, task in tasks.items():
                        measure(name, task, row, seeds, args, results)
        print(write(kinds, args, results))


if __name__ == '__main__':
    main()
