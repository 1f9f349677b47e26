"""FRA: self-supervised facial representation learning with facial region awareness, for OpenMMLab.

Importing this package registers its data sets, models, hooks, optimizers and metrics.
"""

from . import checkpoints, configs, datasets, engine, evaluation, models

__version__ = '0.1.0'
__all__ = ['checkpoints', 'configs', 'datasets', 'engine', 'evaluation', 'models', '__version__']
