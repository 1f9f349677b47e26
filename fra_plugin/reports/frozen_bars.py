"""Bars with error bars of a comparison of frozen features: a panel for each number of the table."""

from typing import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ..files.printable import drawable
from .frozen_results import Column, FrozenResults
from .panels import COLOURS, panel_figure

PANELS_IN_A_LINE = 3


def frozen_bars(results: FrozenResults, columns: Sequence[Column], metrics: Mapping[str, str], guess: str) -> Figure:
    """One row of bars for each set of features, in one order and colour in all panels.

    Args:
        results: what was measured.
        columns: of the table; those without a number are left out.
        metrics: by the name of a task, what is written below its panels.
        guess: name of the row without features, which is a dashed line.
    """
    rows = [row for row in results.rows() if row[0] != guess]
    methods = list(dict.fromkeys(method for method, _ in rows))
    shown = [column for column in columns if any(results.values(*row, column) for row in rows)]
    if not shown:
        return Figure()
    size = 3.1, 0.9 + 0.24 * len(rows)
    figure, panels = panel_figure(list(map(str, shown)), PANELS_IN_A_LINE, size, (1.5, 0), sharey=True)
    for panel, column in zip(panels, shown):
        for place, (method, where) in enumerate(rows):
            values = results.values(method, where, column)
            if values:
                panel.barh(
                    place,
                    np.mean(values),
                    xerr=np.std(values, ddof=1) if len(values) > 1 else None,
                    color=COLOURS[methods.index(method) % len(COLOURS)],
                    alpha=0.6 if where == 'pooled' else 1.0,
                    error_kw=dict(lw=1.2, capsize=2.5),
                )
        level = results.values(guess, '', column)
        if level:
            panel.axvline(np.mean(level), color='#333333', lw=1, ls='--')
        panel.set_xlabel(metrics.get(column.task, ''), fontsize=7)
        panel.set_yticks(range(len(rows)), [drawable(', '.join(filter(None, row))) for row in rows])
    panels[0].set_ylim(len(rows) - 0.4, -0.6)
    return figure
