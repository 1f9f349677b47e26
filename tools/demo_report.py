"""The demo's page: what the shipped weights do, and then a pre-training of minutes."""

import importlib.util
import platform
from pathlib import Path
from typing import List

import cv2
import matplotlib
import numpy as np

from fra_plugin import __version__
from fra_plugin.apis import FRAFeatures
from fra_plugin.datasets import RAFDB, BrokenImageError, FaceFolder, LoadFace
from fra_plugin.files.picture_file import write_picture
from fra_plugin.reports.frozen_results import Column, FrozenResults
from fra_plugin.reports.paired_difference import paired_difference
from fra_plugin.reports.report import Report
from fra_plugin.reports.result_table import mean_and_std
from fra_plugin.reports.run_log import RunLog
from fra_plugin.reports.visualization import region_sheet

matplotlib.use('Agg')
from matplotlib import pyplot as plt

FACES_SHOWN = 16
PACKAGES = ('torch', 'torchvision', 'mmengine', 'mmcv', 'mmpretrain', 'mmpose', 'numpy', 'cv2')
# Heading of each column, and whether higher is better.
COLUMNS = dict(
    landmarks=('landmarks: error in %, lower is better', False),
    expression=('expression: accuracy in %, higher is better', True),
    label=('label: accuracy in %, higher is better', True),
)
# Rows of frozen features: name and place in the results, and what a reader calls them.
ROWS = {
    ('guess', ''): 'nothing: the mean shape, chance',
    ('random', 'map'): 'random weights, a linear model on the map',
    ('HOG', ''): 'HOG, a linear model',
    ('FRA', 'map'): 'FRA weights, a linear model on the map',
}


def write_report(demo, path: Path) -> None:
    """Write the page of a finished :class:`Demo` to ``path``, and the first overlays beside it as regions.jpg."""
    report = Report('FRA demo', f'{demo.num} drawn faces' if demo.drawn else f'faces of {demo.faces}')
    faces = shown_faces(demo)
    sheet = overlays(faces, demo.weights)
    write_picture(demo.out / 'regions.jpg', sheet, quality=88)
    report.heading('Regions').figure(
        sheet,
        caption=f'Faces, and the same with a colour for each region that {Path(demo.weights).name} sees in them. A region '
        'is named after the facial part of which it covers the largest share; the number is its purity. Left and right are the '
        "person's own.",
    )
    if demo.labelled:
        header, rows = comparison(demo)
        title = 'What a tenth of the labels gives' if demo.drawn else 'What the labels give'
        report.heading(title).table(header, rows, caption=explanation(demo))
        report.text(verdict(demo))
    report.heading('Nearest faces').figure(
        demo.out / 'nearest' / 'nearest.jpg',
        caption='First in each row a face, in which the part that counts is bright; then the nearest faces of '
        f'{min(demo.SEARCHED, demo.pictures)}.',
    )
    minutes(demo, report, faces)
    report.heading('How it was made').table(
        ['step', 'minutes'],
        [[k, f'{v / 60:.1f}'] for k, v in demo.seconds.items()],
        caption='Of this call; what an earlier one had finished takes no time.',
    )
    versions = [[name, importlib.import_module(name).__version__] for name in PACKAGES if installed(name)]
    report.table(
        ['package', 'version'],
        [['fra_plugin', __version__], ['Python', platform.python_version()], *versions, ['seed', demo.seed]],
    )
    report.text('\n'.join(demo.commands))
    report.save(path)


def minutes(demo, report: Report, faces: List[np.ndarray]) -> None:
    """The part on the demo's own pre-training."""
    log = RunLog(demo.out / 'pretrain')
    report.heading('A pre-training of minutes').text(
        f'The weights above come from a long training. These {log.iterations} steps on '
        f'{demo.count} {"drawn faces" if demo.drawn else "faces"} show how a training runs, not what FRA can do: their '
        'regions are coarse, and their numbers are those of minutes.'
    )
    report.figure(overlays(faces, demo.checkpoint()), caption='Its regions, with colours and names of their own.')
    if demo.labelled:
        results = FrozenResults(demo.out / 'frozen_minutes' / 'results.json')
        name = f'{log.iterations} steps, a linear model on the map'
        report.table(
            *table(demo, {name: cells(results, 'minutes', 'map', demo)}), caption='Its frozen features, as above.'
        )
    report.figure(curves(log))
    report.text('As long as loss_relation stays at its first value, the regions have not parted.')


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def shown_faces(demo) -> List[np.ndarray]:
    """Of people whom no training has seen, where the faces are drawn."""
    # RAF-DB's test split holds the identities that pre-training does not see.
    faces = RAFDB(str(demo.faces), split='test') if demo.drawn else FaceFolder(data_root=str(demo.faces))
    chosen = []
    for i in np.random.default_rng(0).permutation(len(faces)):
        try:
            face = LoadFace()(dict(img_path=faces.get_data_info(int(i))['img_path']))['img']
        except BrokenImageError:
            continue  # named in the log of pre-training
        chosen.append(cv2.resize(face, (112, 112), interpolation=cv2.INTER_AREA))
        if len(chosen) == FACES_SHOWN:
            break
    return chosen


def overlays(faces: List[np.ndarray], checkpoint: str) -> np.ndarray:
    """Faces and their regions in rows of eight."""
    found = FRAFeatures(checkpoint)(faces, what=['heatmaps'])
    return region_sheet(faces, found['heatmaps'], columns=8, names=found.get('region_names'))


def curves(log: RunLog) -> plt.Figure:
    """Losses, and what tells a collapse, over the iterations of all parts of a run."""
    series = log.series
    use = [name for name in series if name.startswith('regions/use_')]
    panels = [
        ('losses', ['loss_global', 'loss_region', 'loss_relation']),
        ('share of the pixels of each region', use),
        ('regions', ['regions/entropy', 'regions/sharpness']),
        ('embeddings', ['embedding/global_spread', 'embedding/region_spread']),
    ]
    figure, axes = plt.subplots(1, len(panels), figsize=(13, 2.8), constrained_layout=True)
    for axis, (title, names) in zip(axes, panels):
        for name in filter(series.__contains__, names):  # a run of a few steps has no report of the regions
            axis.plot(*series[name], label=name.rpartition('/')[2])
        axis.set_ylim(bottom=0)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel('iteration', fontsize=9)
        if len(names) < 4:
            axis.legend(frameon=False, fontsize=8)
    return figure


def tasks(demo) -> List[str]:
    return ['landmarks', 'expression'] if demo.drawn else ['label']


def cells(results: FrozenResults, method: str, place: str, demo) -> list:
    """Mean and deviation over the draws of labels and random weights."""
    runs = [results.runs(method, place, Column(task, demo.share)) for task in tasks(demo)]
    return [mean_and_std(sum(run.values(), [])) or None for run in runs]


def tuned(demo, start: str) -> list:
    return [
        f'{100 * demo.scores("landmarks", start)["NME_interocular"]:.2f}',
        f'{demo.scores("expression", start)["class_accuracy/mean"]:.2f}',
    ]


def table(demo, rows: dict) -> tuple:
    header = ['', *(COLUMNS[task][0] for task in tasks(demo))]
    return header, [[name, *values] for name, values in rows.items()]


def comparison(demo) -> tuple:
    """Header and rows: frozen features and fine-tuned networks, all with the same few labels in the same crops."""
    results = FrozenResults(demo.out / 'frozen' / 'results.json')
    rows = {title: cells(results, *row, demo) for row, title in ROWS.items()}
    if demo.drawn:
        rows['random weights, fine-tuned'] = tuned(demo, 'random')
        rows['FRA weights, fine-tuned'] = tuned(demo, 'FRA')
    return table(demo, rows)


def explanation(demo) -> str:
    text = (
        'All rows have the same crops. A linear model: the network stays as it is, and the same classifier learns from its '
        f'whole map or from HOG. ±: standard deviation over {demo.DRAWS} draws of labels and of random weights. '
    )
    if demo.drawn:
        text += (
            'Fine-tuned: the whole network learns from the same number of labels, one seed. Landmarks: mean error of 68 '
            'points in percent of the distance between the outer eye corners. Expression: mean accuracy over 7 classes.'
        )
    return text


def verdict(demo) -> str:
    """What the numbers say, in words that follow from them."""
    lines = []
    results = FrozenResults(demo.out / 'frozen' / 'results.json')
    for other, title in ((('HOG', ''), 'HOG'), (('random', 'map'), 'random weights')):
        found = []
        for task in tasks(demo):
            runs = [sum(results.runs(*row, Column(task, demo.share)).values(), []) for row in (('FRA', 'map'), other)]
            found.append(f'{task} {compared(*runs, higher=COLUMNS[task][1])}')
        lines.append(f'Frozen, FRA against {title}: {"; ".join(found)}.')
    if demo.drawn:
        first, second = ([float(value) for value in tuned(demo, start)] for start in ('FRA', 'random'))
        found = [
            f'{task} {"better" if (a > b) == COLUMNS[task][1] and a != b else "not better"} ({a:.2f} and {b:.2f})'
            for task, a, b in zip(tasks(demo), first, second)
        ]
        lines.append(f'Fine-tuned, FRA against random weights: {"; ".join(found)}.')
    return '\n'.join(lines)


def compared(first: list, second: list, higher: bool) -> str:
    """Ahead or behind where the 95 % interval of the difference, draw by draw, leaves 0 out; else level."""
    if len(first) != len(second):  # where a row is the same in each draw, it has one number
        longest = max(len(first), len(second))
        first, second = (values * longest if len(values) == 1 else values for values in (first, second))
    if len(first) < 2:
        difference = (first[0] - second[0]) * (1 if higher else -1)
        if not difference:
            return 'level, of one draw'
        return f'{"ahead" if difference > 0 else "behind"} by {abs(difference):.2f}, of one draw'
    mean, low, high = paired_difference(*((first, second) if higher else (second, first)))
    word = 'ahead' if low > 0 else 'behind' if high < 0 else 'level'
    return f'{word} ({mean:+.2f}, 95 % interval {low:+.2f} to {high:+.2f})'
