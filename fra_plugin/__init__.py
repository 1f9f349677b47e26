"""FRA: self-supervised facial representation learning with facial region awareness, for OpenMMLab.

Importing this package registers its data sets, models, hooks, optimizers and metrics, and the names of its pre-trained
models. It also changes these parts of the process, for code of other projects as well:

- mmengine's loaders of checkpoints (files, s3, petrel, http, https): only tensors and plain values are read, and no code is
  run (:mod:`fra_plugin.checkpoints.safe_loading`).
- ``mmengine.runner.checkpoint.load_state_dict``: weights of another model, or such that are not finite, are an error
  (:mod:`fra_plugin.checkpoints.checked_load`).
- ``mmengine.config.Config``: finds bases such as ``fra_plugin::fra/fra_r50_8xb64.py`` (:mod:`fra_plugin.configs`).
- mmengine's file backends: there is one more, ``atomic`` (:mod:`fra_plugin.files.atomic_backend`).
- ``sys.meta_path``: mmpose can be imported without compiled packages, and mmpretrain beside a new transformers, without
  its multi-modal models (:mod:`fra_plugin.stand_ins`).
- ``warnings``: one of mmcv-lite's is not shown.
"""

from . import stand_ins

stand_ins.install()  # before mmcv, mmpretrain or mmpose is imported

from . import checkpoints, configs, datasets, engine, evaluation, models  # noqa: E402
from .model_names import register_models  # noqa: E402

__version__ = '0.1.0'
__all__ = ['checkpoints', 'configs', 'datasets', 'engine', 'evaluation', 'models', '__version__']

register_models()
