"""What frozen features know after so many epochs: a panel for each number of the table, a line for each pre-training."""

import re
from textwrap import fill
from typing import Dict, List, Mapping, Sequence, Tuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from ..files.printable import drawable
from .frozen_bars import COLOURS
from .frozen_results import Column, FrozenResults

CURVES_IN_A_LINE = 4
POINT = re.compile(r'(.+)@(\d+)')  # METHOD@EPOCHS


def frozen_curve(results: FrozenResults, columns: Sequence[Column], metrics: Mapping[str, str], guess: str) -> Figure:
    """Lines through the rows whose methods are called METHOD@EPOCHS; rows called otherwise are dashed levels.

    Args:
        results: what was measured.
        columns: of the table; those without two points of a line are left out.
        metrics: by the name of a task, what is written beside its panels.
        guess: name of the row without features, which is left out.

    Returns:
        The figure, without a panel where no method has two points.
    """
    lines: Dict[Tuple[str, str], List[Tuple[int, str]]] = {}
    for method, place in results.rows():
        point = POINT.fullmatch(method)
        if point:
            lines.setdefault((point[1], place), []).append((int(point[2]), method))
    levels = [row for row in results.rows() if row[0] != guess and not POINT.fullmatch(row[0])]
    points = {
        (line, column): [
            (epochs, np.mean(values))
            for epochs, method in sorted(known)
            for values in [results.values(method, line[1], column)]
            if values
        ]
        for line, known in lines.items()
        for column in columns
    }
    shown = [column for column in columns if any(len(points[line, column]) > 1 for line in lines)]
    if not shown:
        return Figure()
    wide = min(CURVES_IN_A_LINE, len(shown))
    high = -(-len(shown) // wide)
    figure = Figure(figsize=(2.4 * wide, 2.1 * high + 0.3), layout='constrained')
    FigureCanvasAgg(figure)
    panels = figure.subplots(high, wide, squeeze=False).ravel()
    named = {}
    for panel, column in zip(panels, shown):
        for place, line in enumerate(lines):
            colour = COLOURS[place % len(COLOURS)]
            named[line] = panel.plot(*zip(*points[line, column]), 'o-', ms=3, color=colour)[0]
        for place, row in enumerate(levels, len(lines)):
            values = results.values(*row, column)
            if values:
                colour = COLOURS[place % len(COLOURS)]
                named[(*row, 'level')] = panel.axhline(np.mean(values), color=colour, lw=1, ls='--')
        panel.set_title(drawable(str(column)), fontsize=9)
        panel.set_xscale('log')
        ticks = sorted({epochs for line in lines for epochs, _ in points[line, column]})
        panel.set_xticks(ticks)
        panel.xaxis.set_major_formatter(ScalarFormatter())
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.set_ylabel(fill(metrics.get(column.task, ''), 30), fontsize=7)
        panel.tick_params(labelsize=7)
        panel.spines[['top', 'right']].set_visible(False)
    for panel in panels[len(shown) :]:
        panel.set_visible(False)
    figure.supxlabel('epochs of pre-training', fontsize=8)
    names = [', '.join(filter(None, key[:2])) for key in named]
    figure.legend(
        named.values(),
        list(map(drawable, names)),
        loc='outside upper center',
        ncols=len(names),
        fontsize=8,
        frameon=False,
    )
    return figure
