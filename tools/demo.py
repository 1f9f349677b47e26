"""The main job from end to end, on faces that it draws, and a page that shows it all.

First what the weights that come with the package do: their regions, what they give with a tenth of the labels, the nearest
faces. Then a pre-training of minutes. With --data it is your photos: regions, nearest faces and the pre-training, and
numbers if the folder holds labels.csv with the columns path, label and split (train or val).

What is finished is not done again: an interrupted demo goes on where it stopped.
"""

import argparse
import contextlib
import fcntl
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Iterator

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

import numpy as np  # noqa: E402

from fra_plugin.checkpoints.pretrained.region_names_path import region_names_path  # noqa: E402
from fra_plugin.checkpoints.shipped_weights import find_checkpoint  # noqa: E402
from fra_plugin.checkpoints.whole_checkpoint import last_checkpoint  # noqa: E402
from fra_plugin.command import errors_in_one_line  # noqa: E402
from fra_plugin.configs import load_config  # noqa: E402
from fra_plugin.datasets import BrokenImageError, FaceFolder, LoadFace  # noqa: E402
from fra_plugin.datasets.annotation_file import csv_rows  # noqa: E402
from fra_plugin.evaluation.regions.region_names import RegionParts  # noqa: E402
from fra_plugin.files.file_hash import sha256  # noqa: E402
from fra_plugin.files.stamp import Stamp, listing, read_stamp  # noqa: E402
from fra_plugin.files.whole_file import make_folder  # noqa: E402
from fra_plugin.reports.run_log import RunLog  # noqa: E402
from fra_plugin.synthetic.writer import VERSION  # noqa: E402

WEIGHTS = 'fra_r18w32_96px'
PRETRAIN = 'configs/fra/fra_r18_1xb64_demo.py'
LANDMARKS = 'configs/transfer/landmark/td-hm_r18_udp-1xb32-8e_synthetic-96x96.py'
EXPRESSION = 'configs/transfer/classification/resnet18_1xb32-ft-10pct-fra_synthetic.py'
FROZEN = 'configs/transfer/frozen/drawn_faces_frozen.py'
FROZEN_PHOTOS = 'configs/transfer/frozen/labelled_photos_frozen.py'
LABELS = ('path', 'label', 'split')
METRICS = dict(landmarks='NME_interocular', expression='class_accuracy/mean')
SHARE = 0.1  # of the labels of drawn faces, as in the two configs of fine-tuning
SHOWN = 3  # faces whose nearest ones are shown
BATCH = 32  # twice the steps of the config's 64, as there are so few
FEWEST_FACES = 8  # the losses take statistics over the batch


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', help='folder of face images; default: faces that the demo draws')
    parser.add_argument('--out', default=str(REPO / 'work_dirs' / 'demo'), help='folder of everything that comes out')
    parser.add_argument('--num', type=int, default=2000, help='number of faces to draw')
    parser.add_argument('--budget', type=int, default=5000, help='faces that pre-training looks at, repeats included')
    parser.add_argument('--weights', default=WEIGHTS, help='checkpoint of FRA to begin with (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    if args.budget < FEWEST_FACES:
        parser.error(f'--budget must be at least {FEWEST_FACES}, got {args.budget}')
    return args


class Demo:
    """The steps, in their order, and what they leave in the output folder."""

    DRAWS = 3  # of the labels, for frozen features
    SEARCHED = 1000  # faces among which the nearest ones are found

    def __init__(self, args: argparse.Namespace) -> None:
        self.out = Path(args.out).resolve()
        self.seed = args.seed
        self.num = args.num
        self.budget = args.budget
        self.weights = os.path.abspath(args.weights) if os.path.exists(args.weights) else args.weights
        self.drawn = args.data is None
        self.faces = self.out / 'faces' if self.drawn else Path(args.data).resolve()
        self.images = self.faces / 'images' if self.drawn else self.faces
        self.share = SHARE if self.drawn else 1.0
        self.pictures = self.num  # all of them; those that pre-training sees are fewer
        self.commands = []
        self.seconds = {}

    def run(self) -> Path:
        """All steps; gives the report's path."""
        if self.drawn:
            self.step('draw faces', self.draw_faces)
        self.find_faces()
        self.step('name the regions', self.name_regions, self.weights)
        self.step('nearest faces', self.nearest)
        if self.labelled:
            self.step('frozen features', self.frozen, self.out / 'frozen', FRA=self.weights, random=PRETRAIN)
        if self.drawn:
            for start in ('FRA', 'random'):
                self.step(f'landmarks from {start} weights', self.finetune, LANDMARKS, 'landmarks', start)
                self.step(f'expression from {start} weights', self.finetune, EXPRESSION, 'expression', start)
        self.step('pre-train FRA for minutes', self.pretrain)
        self.step('name its regions', self.name_regions, self.checkpoint())
        if self.labelled:
            self.step('its frozen features', self.frozen, self.out / 'frozen_minutes', minutes=self.checkpoint())
        from demo_report import write_report

        report = self.out / 'report.html'
        write_report(self, report)
        return report

    def step(self, title: str, function, *args, **kwargs) -> None:
        """Say what is done, and note how long it took."""
        print(f'==> {title}', flush=True)
        start = time.time()
        function(*args, **kwargs)
        self.seconds[title] = time.time() - start

    def command(self, *words: str, done: bool = False) -> None:
        """Run a command of the project as a user would, unless it is done, and keep it for the report."""
        shown = shlex.join(str(word).replace(f'{REPO}/', '') for word in words)
        self.commands.append(f'python {shown}')
        if done:
            return
        code = subprocess.run([sys.executable, *map(str, words)], cwd=str(REPO)).returncode
        if code:
            raise ValueError(f'python {shown} ended with exit code {code}; its message is above')

    def begin(self, folder: Path, **facts) -> None:
        """Makes a folder for what depends on these facts; what others have made there is moved away."""
        stamp = Stamp(**facts)
        difference = stamp.difference(read_stamp(folder / 'stamp.json')) if folder.exists() else None
        if difference:
            (self.out / 'earlier').mkdir(exist_ok=True)
            place = Path(
                tempfile.mkdtemp(prefix=time.strftime(f'{folder.name}_%Y%m%d_%H%M%S_'), dir=self.out / 'earlier')
            )
            folder.rename(place)  # onto the empty folder
            print(f'    anew, as {difference}; what was there is in {place}', flush=True)
        stamp.write(folder / 'stamp.json')

    def draw_faces(self) -> None:
        meta = self.faces / 'meta.json'
        made = json.loads(meta.read_text()) if meta.is_file() else {}
        self.command(
            'tools/dataset_converters/make_synthetic_faces.py',
            '--num',
            self.num,
            '--size',
            128,
            '--seed',
            self.seed,
            '--out',
            self.faces,
            '--overwrite',
            done=[made.get(key) for key in ('num', 'size', 'seed', 'version')] == [self.num, 128, self.seed, VERSION],
        )
        self.source = json.loads(meta.read_text())

    def find_faces(self) -> None:
        """Which faces there are, and whether they have labels."""
        prefix, listed = ('images', 'train.txt') if self.drawn else ('', '')
        self.unlabelled = dict(data_root=str(self.faces), data_prefix=prefix, ann_file=listed)
        folder = FaceFolder(**self.unlabelled)
        self.count = len(folder)
        if self.count < FEWEST_FACES:
            raise ValueError(f'{self.faces}: pre-training needs at least {FEWEST_FACES} faces, found {self.count}')
        if not self.drawn:
            self.pictures = self.count
            # All of them: pre-training looks at the first ones only, but the nearest faces come from anywhere.
            files = (folder.get_data_info(place)['img_path'] for place in range(self.count))
            self.source = listing(files)
        labels = self.faces / 'labels.csv'
        self.labelled = self.drawn
        if not self.drawn and labels.is_file():
            next(csv_rows(str(labels), LABELS), None)  # names the column that is missing
            self.labelled = True
        self.labels = sha256(labels) if self.labelled and not self.drawn else None

    def some_faces(self, number: int) -> list:
        """Files that can be read, spread evenly over the faces."""
        folder = FaceFolder(data_root=str(self.images))
        found = []
        for place in np.linspace(0, len(folder) - 1, 4 * number + 2).round().astype(int)[1:-1]:
            path = folder.get_data_info(int(place))['img_path']
            try:
                LoadFace()(dict(img_path=path))
            except BrokenImageError:
                continue  # named in the log of pre-training
            found.append(path)
        found = list(dict.fromkeys(found))
        return found[:: max(len(found) // number, 1)][:number]

    def facts(self, **weights: str) -> dict:
        """What the numbers of weights depend on."""
        hashes = {name: sha256(find_checkpoint(source)) for name, source in weights.items()}
        return dict(faces=self.source, count=self.count, labels=self.labels, weights=hashes)

    def nearest(self) -> None:
        folder = self.out / 'nearest'
        self.begin(folder, **self.facts(FRA=self.weights))
        self.command(
            'tools/similar_faces.py',
            self.weights,
            *self.some_faces(SHOWN),
            self.images,
            '--region',
            'face',
            'eyes',
            'mouth',
            '--max-faces',
            self.SEARCHED,
            '--out',
            folder / 'nearest.jpg',
            done=(folder / 'nearest.jpg').is_file(),
        )

    def frozen(self, folder: Path, **rows: str) -> None:
        config = FROZEN if self.drawn else FROZEN_PHOTOS
        weights = {name: source for name, source in rows.items() if not source.endswith('.py')}
        self.begin(
            folder,
            **self.facts(**weights),
            config=load_config(config).to_dict(),
            random=load_config(PRETRAIN).to_dict(),
        )
        options = [f'tasks.label.{part}.data_root={self.faces}' for part in ('train', 'test')]
        if self.drawn:
            parts = dict(train='train', test='val')
            options = [f'tasks.landmarks.images={self.images}']
            options += [
                f'tasks.landmarks.{part}={self.faces}/annotations/landmarks_{name}.json' for part, name in parts.items()
            ]
            options += [f'tasks.expression.{part}.data_root={self.faces}' for part in parts]
        self.command(
            'tools/benchmark_frozen.py',
            config,
            *(f'{name}={source}' for name, source in rows.items()),
            *([] if 'random' in rows else ['--no-descriptors']),
            '--shares',
            self.share,
            '--seeds',
            self.DRAWS,
            '--places',
            'map',
            '--out',
            folder,
            '--cfg-options',
            *options,
            done=(folder / 'frozen_features.md').is_file(),
        )

    def pretrain(self) -> None:
        self.begin(
            self.out / 'pretrain',
            faces=self.source,
            count=self.count,
            budget=self.budget,
            seed=self.seed,
            config=load_config(PRETRAIN).to_dict(),
        )
        dataset = dict(self.unlabelled, indices=min(self.count, self.budget))
        self.command(
            'tools/train.py',
            PRETRAIN,
            '--work-dir',
            self.out / 'pretrain',
            '--resume',
            '--cfg-options',
            *(f'train_dataloader.dataset.{key}={value}' for key, value in dataset.items()),
            f'train_dataloader.batch_size={min(BATCH, self.count, self.budget)}',
            f'train_cfg.max_epochs={max(1, round(self.budget / self.count))}',
            f'randomness.seed={self.seed}',
        )

    def name_regions(self, checkpoint: str) -> None:
        """Unless their names are known, as those of shipped weights are."""
        names = region_names_path(checkpoint)
        known = names.is_file() and RegionParts.load(names).weights == sha256(find_checkpoint(checkpoint))
        self.command('tools/name_regions.py', checkpoint, done=known)

    def checkpoint(self) -> str:
        """The last pre-training checkpoint."""
        folder = str(self.out / 'pretrain')
        found = last_checkpoint(folder, folder)
        if found is None:
            raise FileNotFoundError(f'{folder}: pre-training has left no checkpoint')
        return found

    def finetune(self, config: str, task: str, start: str) -> None:
        init = (
            [f'model.backbone.init_cfg.checkpoint={self.weights}']
            if start == 'FRA'
            else ['model.backbone.init_cfg=None']
        )
        self.begin(
            self.work_dir(task, start),
            faces=self.source,
            seed=self.seed,
            weights=dict(sha256=sha256(find_checkpoint(self.weights))) if start == 'FRA' else start,
            config=load_config(config).to_dict(),
        )
        data = ['train_dataloader.dataset.dataset.dataset' if task == 'landmarks' else 'train_dataloader.dataset.dataset',
                'val_dataloader.dataset', 'test_dataloader.dataset']  # yapf: disable
        self.command(
            'tools/train.py',
            config,
            '--work-dir',
            self.work_dir(task, start),
            '--cfg-options',
            *init,
            *(f'{where}.data_root={self.faces}' for where in data),
            f'randomness.seed={self.seed}',
            done=METRICS[task] in self.scores(task, start),  # measured once, at the end
        )

    def work_dir(self, task: str, start: str) -> Path:
        return self.out / f'{task}_from_{start.lower()}'

    def scores(self, task: str, start: str) -> dict:
        """The last numbers that a transfer has logged; empty where it has logged none."""
        try:
            log = RunLog(self.work_dir(task, start))
        except FileNotFoundError:
            return {}
        return {name: log.last(name) for name in log.series}


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Two demos would write the same files: the second one waits, and then finds all of it done."""
    make_folder(folder)
    with open(folder / '.lock', 'w') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f'another demo is at work in {folder}: waiting for it', flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        if args.data is not None and not os.path.isdir(args.data):
            raise FileNotFoundError(f'--data {args.data}: no such folder of face images')
        out = Path(args.out).resolve()
        if args.data is not None and Path(args.data).resolve() in (out, *out.parents):
            raise ValueError(f'--out {args.out} lies in --data {args.data}: its pictures would count as faces')
        find_checkpoint(args.weights)
        start = time.time()
        with alone_in(Path(args.out)):
            report = Demo(args).run()
    print(f'==> done in {(time.time() - start) / 60:.1f} minutes: open {report}')


if __name__ == '__main__':
    main()
