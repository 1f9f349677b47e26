"""Measures what another crop of the faces costs a model: frozen features of each crop, and a linear probe on them.

    python tools/benchmark_crops.py fra_r18w32_96px configs/transfer/frozen/faces_frozen.py --tasks smile expression \\
        --crops whole none:-0.1 none:0 none:0.1 similarity:0 --out work_dirs/crops

A crop is ALIGN:MARGIN, or "whole": the picture as it is. The most central face of each picture is cut; a picture in which
none is found is taken whole in every row. Two tables: the probe learns from faces cut in the same way as those that it is
tested on; and it learns from faces of the first crop, and is tested on those of each.
"""

import argparse
import sys
from pathlib import Path
from typing import Dict, List, Optional

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the source tree, where the package is not installed

import numpy as np
from rich.console import Console
from rich.progress import track

from fra_plugin.apis import FRAFeatures, read_face
from fra_plugin.command import errors_in_one_line
from fra_plugin.command.config_options import add_config_options, merge_options
from fra_plugin.configs import load_config
from fra_plugin.datasets import FaceCrop
from fra_plugin.evaluation.frozen.tasks import FROZEN_TASKS
from fra_plugin.faces import DetectedFace, find_detector
from fra_plugin.faces.crop_work import kept_faces
from fra_plugin.files.whole_file import check_folder
from fra_plugin.reports.result_table import fill_page, write_table

WHOLE = 'whole'
AT_ONCE = 512
NAMES = dict(none='margin', similarity='aligned, margin')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', help='as for FRAFeatures')
    parser.add_argument('config', help='config with tasks of labelled pictures, such as faces_frozen.py')
    parser.add_argument('--tasks', nargs='+', required=True, help='some of its tasks of classes or numbers')
    parser.add_argument('--crops', nargs='+', default=['none:0.3', 'none:0', 'similarity:0'], metavar='ALIGN:MARGIN')
    parser.add_argument('--detector', nargs='+', default=['auto'], metavar=('NAME', 'FILE'), help='as crop_faces.py')
    parser.add_argument('--out', required=True, help='folder of the tables')
    parser.add_argument('--page', help='Markdown page with the marks of the tables: write them there too')
    parser.add_argument('--device', help='such as cuda:1 (default: a GPU where there is one)')
    add_config_options(parser)
    return parser.parse_args()


def read_crop(text: str, size: int) -> Optional[FaceCrop]:
    """None for the whole picture."""
    if text == WHOLE:
        return None
    align, _, margin = text.partition(':')
    try:
        return FaceCrop(size, float(margin), align)
    except ValueError as error:
        raise ValueError(
            f'--crops {text}: expected {WHOLE} or ALIGN:MARGIN, such as similarity:0.1 ({error})'
        ) from None


def build_tasks(args: argparse.Namespace) -> Dict[str, object]:
    config = load_config(args.config)
    merge_options(config, args.cfg_options)
    tasks = {}
    for name in args.tasks:
        settings = dict((config.get('tasks') or {}).get(name) or {})
        if settings.get('type') not in ('classes', 'neighbours', 'numbers'):
            raise ValueError(f'{args.config} has no task {name} of classes, neighbours or numbers')
        tasks[name] = FROZEN_TASKS[settings.pop('type')](**settings)
    return tasks


def describe(files: List[str], found: Dict[str, Optional[DetectedFace]], crop: Optional[FaceCrop], model: FRAFeatures):
    """Feature maps (N, F) of the files' faces."""
    parts = []
    for start in range(0, len(files), AT_ONCE):
        faces = []
        for path in files[start : start + AT_ONCE]:
            picture, face = read_face(path), found[path]
            whole = crop is None or face is None
            faces.append(model.crop.resize(picture) if whole else crop.cut(picture, face.box, face.points))
        parts.append(model(faces, 64, ['feature_map'], False)['feature_map'].reshape(len(faces), -1).astype(np.float16))
    return np.concatenate(parts)


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        check_folder(args.out)
        tasks, model = build_tasks(args), FRAFeatures(args.checkpoint, device=args.device)
        detector = find_detector(*args.detector)
        crops = {text: read_crop(text, model.size) for text in args.crops}
        if not detector.has_points and any(crop and crop.align != 'none' for crop in crops.values()):
            raise ValueError(f'the detector {args.detector[0]} gives no points, which aligned crops need')
        files = list(dict.fromkeys(path for task in tasks.values() for path in task.files()))
        found: Dict[str, Optional[DetectedFace]] = {}
        for path in track(files, 'faces', disable=not sys.stderr.isatty(), console=Console(stderr=True)):
            picture = read_face(path)
            found[path] = next(iter(kept_faces(detector(picture), picture.shape, 'central')), None)
        share = 100 * np.mean([face is not None for face in found.values()])
        same, other, first = [], [], {}
        for text, crop in crops.items():
            name = text if crop is None else f'{NAMES[crop.align]} {100 * crop.margin:+.0f} %'
            rows = [[name], [name]]
            every = dict(zip(files, describe(files, found, crop, model)))
            for task_name, task in tasks.items():
                features = np.stack([every[path] for path in task.files()]).astype(np.float32)
                first.setdefault(task_name, features[: task.num_train])
                mixed = np.concatenate([first[task_name], features[task.num_train :]])
                scores = [task.score(task.prepare(part), 1.0, 0) for part in (features, mixed)]
                for row, score in zip(rows, scores):
                    row.append(f'{score:.2f}')
            print(f'{name}: {", ".join(rows[0][1:])}; learnt from the first crop: {", ".join(rows[1][1:])}', flush=True)
            same.append(rows[0])
            other.append(rows[1])
        notes = [f'{name}: {task.metric}, {task.num_train:,} faces to learn from.' for name, task in tasks.items()]
        notes.append(f'{args.detector[0]} found a face in {share:.1f} % of {len(files):,} pictures.')
        header = ['crop', *tasks]
        tables = dict(
            crops_same=write_table(
                args.out, 'crops_same', 'The same crop to learn and to test', header, same, notes=notes
            ),
            crops_other=write_table(
                args.out, 'crops_other', 'Learnt from the first crop, tested on each', header, other, notes=notes
            ),
        )
        for name, table in tables.items():
            if args.page:
                fill_page(args.page, name, table)
            print(f'\n{table}')
        print('\n'.join(notes))


if __name__ == '__main__':
    main()
