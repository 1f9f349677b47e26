"""Tasks that compare frozen features: their faces, and the number that a set of features gets for them.

A task has ``faces(seed)``, a list of files or BGR arrays, and ``score(features, share, seed)`` of features in that order,
after learning from a share of the training labels; ``guess(share, seed)`` is the number without any features. The
features are vectors (N, F), which ``prepare(features)`` may make shorter, or the heatmaps (N, K, h, w), as ``needs`` says.
``files()`` are those of its faces, by which a change of them is noticed.
"""

from .label_tasks import ClassTask, NeighbourTask, NumberTask
from .landmark_tasks import LandmarkTask, RegionTask
from .pair_task import PairTask, draw_pairs

FROZEN_TASKS = dict(
    landmarks=LandmarkTask,
    regions=RegionTask,
    classes=ClassTask,
    neighbours=NeighbourTask,
    numbers=NumberTask,
    pairs=PairTask,
)

__all__ = [
    'FROZEN_TASKS',
    'ClassTask',
    'LandmarkTask',
    'NeighbourTask',
    'NumberTask',
    'PairTask',
    'RegionTask',
    'draw_pairs',
]
