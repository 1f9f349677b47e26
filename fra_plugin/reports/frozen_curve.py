"""What frozen features know after so many epochs: a panel for each number of the table, a line for each pre-training."""

import re
from textwrap import fill
from typing import Dict, List, Mapping, Sequence, Tuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from ..files.printable import drawable
from .frozen_results import Column, FrozenResults
from .panels import COLOURS, panel_figure

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
    figure, panels = panel_figure(list(map(str, shown)), CURVES_IN_A_LINE, (2.4, 2.1), (0, 0.3))
    named = {}
    for panel, column in zip(panels, shown):
        for place, line in enumerate(lines):
            if not points[line, column]:  # of regions there are none in pooled features
                continue
            colour = COLOURS[place % len(COLOURS)]
            named[line] = panel.plot(*zip(*points[line, column]), 'o-', ms=3, color=colour)[0]
        for place, row in enumerate(levels, len(lines)):
            values = results.values(*row, column)
            if values:
                colour = COLOURS[place % len(COLOURS)]
                named[(*row, 'level')] = panel.axhline(np.mean(values), color=colour, lw=1, ls='--')
        panel.set_xscale('log')
        ticks = sorted({epochs for line in lines for epochs, _ in points[line, column]})
        panel.set_xticks(ticks)
        panel.xaxis.set_major_formatter(ScalarFormatter())
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.set_ylabel(fill(metrics.get(column.task, ''), 30), fontsize=7)
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
