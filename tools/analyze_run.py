"""A run as one html page: losses, regions over time, monitors, evaluation. Several runs stand side by side.

Works while the run is going on, and for other mmengine runs too.
"""

import argparse
import re
import sys
import time
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import numpy as np

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

from fra_plugin.command import errors_in_one_line  # noqa: E402
from fra_plugin.files.printable import drawable  # noqa: E402
from fra_plugin.reports.report import Report  # noqa: E402
from fra_plugin.reports.run_log import RunLog  # noqa: E402
from fra_plugin.reports.visualization import REGION_COLORS  # noqa: E402

RUN_COLORS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9')
REGION_USE = re.compile(r'regions/use_\d+$')
SECTIONS = (  # the first that fits
    ('Losses', re.compile(r'loss(?!_scale)')),
    ('Regions', re.compile(r'^regions/')),
    ('Embeddings', re.compile(r'embed')),
    ('Optimisation', re.compile(r'(^|/|_)lr$|momentum|grad_norm|loss_scale')),
    ('Speed', re.compile(r'^(data_)?time$|^memory$|^speed/')),
    ('Evaluation', re.compile(r'/')),
    ('Other', re.compile('')),
)
MAX_POINTS = 400
MAX_PICTURES = 6


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work_dir', nargs='+', help='work directory of a run')
    parser.add_argument('--out', help='the page (default: analysis.html in the first work directory)')
    return parser.parse_args(argv)


def analyze(runs: Dict[str, RunLog]) -> Report:
    """The page of one or more runs by name."""
    report = Report(' and '.join(runs), f'Analysed {time.strftime("%Y-%m-%d %H:%M")}')
    report.table(['run', 'iterations', 'epoch', 'loss', 'images per second', 'last record'], [
        [name, run.iterations, run.last('epoch') and int(run.last('epoch')), run.last('loss'),
         run.last('speed/images_per_second'), time.strftime('%Y-%m-%d %H:%M', time.localtime(run.updated))]
        for name, run in runs.items()])  # yapf: disable
    for name, run in runs.items():
        for when, text in run.warnings[-8:]:
            report.text(f'{name}, {when}: {text}' if len(runs) > 1 else f'{when}: {text}', warning=True)
    sections = by_section(runs.values())
    for section in (title for title, _ in SECTIONS):
        names = sections.get(section, [])
        if section == 'Regions' and any(run.pictures for run in runs.values()):
            report.heading('Regions of the same faces over time')
            add_pictures(report, runs)
        if names:
            report.heading(section)
        if section == 'Regions' and any(REGION_USE.match(name) for name in names):
            report.figure(draw_region_use(runs), caption='Share of the pixels that each region wins')
            names = [name for name in names if not REGION_USE.match(name)]
        if names:
            report.figure(draw_series(runs, names))
    return report


def by_section(runs: Sequence[RunLog]) -> Dict[str, List[str]]:
    """Names of the series under each heading, in the order in which they were logged."""
    sections: Dict[str, List[str]] = {}
    for name in dict.fromkeys(name for run in runs for name in run.series if name != 'epoch'):
        title = next(title for title, pattern in SECTIONS if pattern.search(name))
        sections.setdefault(title, []).append(name)
    return sections


def thin(steps: np.ndarray, values: np.ndarray) -> tuple:
    """At most MAX_POINTS points, each the mean of its neighbours."""
    if len(steps) <= MAX_POINTS:
        return steps, values
    return tuple(np.array([part.mean() for part in np.array_split(array, MAX_POINTS)]) for array in (steps, values))


def draw_series(runs: Dict[str, RunLog], names: List[str]):
    """Small charts, one a series, with a line for each run."""
    figure, axes = new_figure(len(names), columns=3, height=2.1)
    for axis, name in zip(axes, names):
        for color, run in zip(RUN_COLORS, runs.values()):
            if name in run.series:
                steps, values = thin(*run.series[name])
                axis.plot(
                    steps, values, color=color, linewidth=1.4, marker='o' if len(steps) < 15 else None, markersize=3
                )
        axis.set_title(drawable(name), fontsize=9, loc='left')
    if len(runs) > 1:
        from matplotlib.lines import Line2D

        lines = [Line2D([], [], color=color) for color, _ in zip(RUN_COLORS, runs)]
        figure.legend(
            lines,
            list(map(drawable, runs)),
            loc='lower right',
            frameon=False,
            fontsize=9,
            ncol=len(runs),
            bbox_to_anchor=(1, 1),
        )
    return figure


def draw_region_use(runs: Dict[str, RunLog]):
    """For each run the shares of the regions, stacked, in the regions' colours."""
    figure, axes = new_figure(len(runs), columns=2, height=2.6)
    for axis, (name, run) in zip(axes, runs.items()):
        regions = sorted(
            (key for key in run.series if REGION_USE.match(key)), key=lambda key: int(key.rsplit('_', 1)[1])
        )
        if regions:
            curves = [thin(*run.series[key]) for key in regions]
            axis.stackplot(curves[0][0], [values for _, values in curves], colors=REGION_COLORS[: len(regions)])
            axis.set_ylim(0, 1)
            axis.margins(x=0)
        axis.set_title(drawable(name), fontsize=9, loc='left')
    return figure


def new_figure(count: int, columns: int, height: float):
    """A figure with ``count`` empty charts over iterations, and the charts."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter, MaxNLocator

    rows = -(-count // columns)
    figure = Figure(figsize=(11, height * rows), layout='constrained')
    axes = list(np.atleast_1d(figure.subplots(rows, columns)).flat)
    for axis in axes[count:]:
        axis.remove()
    for axis in axes[:count]:
        axis.spines[['top', 'right']].set_visible(False)
        axis.spines[['left', 'bottom']].set_color('#9aa3b2')
        axis.grid(color='#e8ebf0', linewidth=0.7)
        axis.set_axisbelow(True)
        axis.tick_params(labelsize=8, color='#9aa3b2', labelcolor='#5b6475')
        axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axis.yaxis.set_major_locator(MaxNLocator(4))
        axis.ticklabel_format(axis='y', useOffset=False)
        axis.xaxis.set_major_formatter(EngFormatter(sep=''))
    return figure, axes[:count]


def add_pictures(report: Report, runs: Dict[str, RunLog]) -> None:
    """Up to MAX_PICTURES moments; of several runs the pictures that are closest in time stand side by side."""
    runs = {name: run for name, run in runs.items() if run.pictures}
    first = next(iter(runs.values())).pictures
    places = np.linspace(0, len(first) - 1, min(MAX_PICTURES, len(first))).round().astype(int)
    for step, _ in (first[place] for place in places):
        chosen = {name: min(run.pictures, key=lambda picture: abs(picture[0] - step)) for name, run in runs.items()}
        words = [
            f'{name}: after {found:,} iterations' if len(runs) > 1 else f'After {found:,} iterations'
            for name, (found, _) in chosen.items()
        ]
        report.figure(*(path for _, path in chosen.values()), caption='; '.join(words), columns=len(chosen))


def main(argv: Optional[List[str]] = None) -> None:
    args = parse_args(argv)
    with errors_in_one_line():
        if len(args.work_dir) > len(RUN_COLORS):
            raise ValueError(f'at most {len(RUN_COLORS)} runs can be told apart on one page, got {len(args.work_dir)}')
        short = [Path(work_dir).resolve().name for work_dir in args.work_dir]
        names = short if len(set(short)) == len(short) else args.work_dir
        report = analyze({name: RunLog(work_dir) for name, work_dir in zip(names, args.work_dir)})
        out = args.out or str(Path(args.work_dir[0]) / 'analysis.html')
        report.save(out)
        print(out)


if __name__ == '__main__':
    main()
