"""The main job from end to end: faces, pre-training, transfer with a tenth of the labels, and a page that shows it all.

Without --data it draws its own faces, whose labels the transfer uses. What is finished is not done again: an interrupted
demo goes on where it stopped.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

from fra_plugin.command import errors_in_one_line  # noqa: E402
from fra_plugin.configs import load_config  # noqa: E402
from fra_plugin.datasets import FaceFolder  # noqa: E402
from fra_plugin.files.file_hash import sha256  # noqa: E402
from fra_plugin.files.stamp import Stamp, listing, read_stamp  # noqa: E402
from fra_plugin.synthetic.writer import VERSION  # noqa: E402

PRETRAIN = 'configs/fra/fra_r18_1xb64_demo.py'
LANDMARKS = 'configs/transfer/landmark/td-hm_r18_udp-1xb32-8e_synthetic-96x96.py'
EXPRESSION = 'configs/transfer/classification/resnet18_1xb32-ft-10pct-fra_synthetic.py'
BATCH = 32  # twice the steps of the config's 64, as there are so few
FEWEST_FACES = 8  # the losses take statistics over the batch


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', help='folder of face images; default: faces that the demo draws')
    parser.add_argument('--out', default=str(REPO / 'work_dirs' / 'demo'), help='folder of everything that comes out')
    parser.add_argument('--num', type=int, default=2000, help='number of faces to draw')
    parser.add_argument('--budget', type=int, default=5000, help='faces that pre-training looks at, repeats included')
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


class Demo:
    """The steps, in their order, and what they leave in the output folder."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.out = Path(args.out).resolve()
        self.seed = args.seed
        self.num = args.num
        self.budget = args.budget
        self.drawn = args.data is None
        self.faces = self.out / 'faces' if self.drawn else Path(args.data).resolve()
        self.commands = []
        self.seconds = {}

    def run(self) -> Path:
        """All steps; gives the report's path."""
        if self.drawn:
            self.step('draw faces', self.draw_faces)
        self.step('pre-train FRA', self.pretrain)
        self.step('export the backbone', self.export)
        if self.drawn:
            for start in ('FRA', 'random'):
                self.step(f'landmarks from {start} weights', self.finetune, LANDMARKS, 'landmarks', start)
                self.step(f'expression from {start} weights', self.finetune, EXPRESSION, 'expression', start)
        from demo_report import write_report

        report = self.out / 'report.html'
        write_report(self, report)
        return report

    def step(self, title: str, function, *args) -> None:
        """Say what is done, and note how long it took."""
        print(f'==> {title}', flush=True)
        start = time.time()
        function(*args)
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

    def pretrain(self) -> None:
        prefix, faces = ('images', 'train.txt') if self.drawn else ('', '')
        folder = FaceFolder(data_root=str(self.faces), data_prefix=prefix, ann_file=faces)
        count = len(folder)
        if count < FEWEST_FACES:
            raise ValueError(f'{self.faces}: pre-training needs at least {FEWEST_FACES} faces, found {count}')
        if not self.drawn:
            used = (folder.get_data_info(place)['img_path'] for place in range(min(count, self.budget)))
            self.source = listing(used, self.faces)
        self.begin(
            self.out / 'pretrain',
            faces=self.source,
            count=count,
            budget=self.budget,
            seed=self.seed,
            config=load_config(PRETRAIN).to_dict(),
        )
        dataset = dict(data_root=self.faces, data_prefix=prefix, ann_file=faces, indices=min(count, self.budget))
        self.command(
            'tools/train.py',
            PRETRAIN,
            '--work-dir',
            self.out / 'pretrain',
            '--resume',
            '--cfg-options',
            *(f'train_dataloader.dataset.{key}={value}' for key, value in dataset.items()),
            f'train_dataloader.batch_size={min(BATCH, count)}',
            f'train_cfg.max_epochs={max(1, round(self.budget / count))}',
            f'randomness.seed={self.seed}',
        )

    def export(self) -> None:
        self.command('tools/model_converters/export_backbone.py', self.checkpoint(), self.out / 'pretrain/backbone.pth')

    def checkpoint(self) -> str:
        """The last pre-training checkpoint."""
        name = Path((self.out / 'pretrain' / 'last_checkpoint').read_text().strip()).name  # the folder may have moved
        return str(self.out / 'pretrain' / name)

    def finetune(self, config: str, task: str, start: str) -> None:
        init = (
            [f'model.backbone.init_cfg.checkpoint={self.out}/pretrain/backbone.pth']
            if start == 'FRA'
            else ['model.backbone.init_cfg=None']
        )
        self.begin(
            self.work_dir(task, start),
            faces=self.source,
            seed=self.seed,
            weights=dict(sha256=sha256(self.checkpoint())) if start == 'FRA' else start,
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
            done=bool(self.scores(task, start)),
        )

    def work_dir(self, task: str, start: str) -> Path:
        return self.out / f'{task}_from_{start.lower()}'

    def scores(self, task: str, start: str) -> dict:
        """The numbers of the last evaluation of a transfer; empty where there is none."""
        found = {}
        for path in sorted(self.work_dir(task, start).glob('*/vis_data/scalars.json')):
            for line in path.read_text().splitlines():
                record = json.loads(line)
                if 'loss' not in record:
                    found = record
        return found


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        if args.data is not None and not os.path.isdir(args.data):
            raise FileNotFoundError(f'--data {args.data}: no such folder of face images')
        start = time.time()
        report = Demo(args).run()
    print(f'==> done in {(time.time() - start) / 60:.1f} minutes: open {report}')


if __name__ == '__main__':
    main()
