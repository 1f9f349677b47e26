"""FRA: self-supervised facial representation learning with facial region awareness, for OpenMMLab.

Importing this package registers its data sets, models, hooks, optimizers and metrics, and the names of its pre-trained
models.
"""

from . import stand_ins

stand_ins.install()  # before mmcv, mmpretrain or mmpose is imported

from . import checkpoints, configs, datasets, engine, evaluation, models  # noqa: E402
from .model_names import register_models  # noqa: E402

__version__ = '0.1.0'
__all__ = ['checkpoints', 'configs', 'datasets', 'engine', 'evaluation', 'models', '__version__']

register_models()
