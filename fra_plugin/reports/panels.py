"""The layout that pictures of several numbers share: a panel for each, line by line."""

from typing import Any, Sequence, Tuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..files.printable import drawable

COLOURS = ('#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#f0e442', '#7f7f7f')  # Okabe and Ito


def panel_figure(
    titles: Sequence[str], in_a_line: int, size: Tuple[float, float], margin: Tuple[float, float], **options: Any
) -> Tuple[Figure, np.ndarray]:
    """A figure with a panel for each title, and the panels.

    Args:
        titles: at least one.
        in_a_line: panels in a line, at most.
        size: width and height of a panel in inches.
        margin: width and height of what is around all of them in inches.
        **options: of ``Figure.subplots``.
    """
    wide = min(in_a_line, len(titles))
    high = -(-len(titles) // wide)
    figure = Figure(figsize=np.multiply(size, (wide, high)) + margin, layout='constrained')
    FigureCanvasAgg(figure)
    panels = figure.subplots(high, wide, squeeze=False, **options).ravel()
    for panel, title in zip(panels, titles):
        panel.set_title(drawable(title), fontsize=9)
        panel.tick_params(labelsize=7)
        panel.spines[['top', 'right']].set_visible(False)
    for panel in panels[len(titles) :]:
        panel.set_visible(False)
    return figure, panels[: len(titles)]
