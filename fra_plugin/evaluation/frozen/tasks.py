"""Tasks that compare frozen features: their faces, and the number that a set of features gets for them.

A task has ``faces(seed)``, a list of files or BGR arrays, and ``score(features, share, seed)`` of features in that order,
after learning from a share of the training labels; ``guess(share, seed)`` is the number without any features. The
features are vectors (N, F), which ``prepare(features)`` may make shorter, the heatmaps (N, K, h, w), or any maps
(N, C, h, w), as ``needs`` says. A score is a number, or numbers by name, of which '' is the one of the main table.
``files()`` are those of its faces, by which a change of them is noticed.
"""

from .label_tasks import ClassTask, NeighbourTask, NumberTask
from .landmark_tasks import LandmarkTask, RegionTask
from .pair_task import PairTask, draw_pairs
from .parsing_task import ParsingTask

FROZEN_TASKS = dict(
    landmarks=LandmarkTask,
    regions=RegionTask,
    classes=ClassTask,
    neighbours=NeighbourTask,
    numbers=NumberTask,
    pairs=PairTask,
    parsing=ParsingTask,
)

__all__ = [
    'FROZEN_TASKS',
    'ClassTask',
    'LandmarkTask',
    'NeighbourTask',
    'NumberTask',
    'PairTask',
    'ParsingTask',
    'RegionTask',
    'draw_pairs',
]
