"""Lets mmpose and mmpretrain be imported beside packages that are absent, or newer than they expect.

mmpose imports three packages at its start for models of bodies and hands. No face model needs them, and two of them have
to be compiled. While one of the modules in ``NEEDED_BY`` is being loaded, a stand-in takes the place of what is absent:

- ``mmcv.ops``, where mmcv has no compiled extension (mmcv-lite): each name in it is a class that cannot be built;
- ``xtcocotools``: pycocotools, which has wheels; xtcocotools' own evaluation is a class that cannot be built;
- ``mmdet.utils``: the two names that RTMO's head asks for.

Such a class raises an ImportError that says what to install. Before and after, these packages are as absent as ever:
``import mmdet`` fails, and whoever asks whether mmcv has its operators gets the true answer. Where the real package is
installed, nothing happens.

Where transformers and pycocotools are installed, mmpretrain loads its multi-modal models too. They import names that newer
versions of transformers no longer have, and then no part of mmpretrain can be imported. With such a version, mmpretrain is
told to leave these models out.

This module imports none of these packages, so ``import fra_plugin`` can be the first import.
"""

import importlib
import sys
import warnings
from contextlib import contextmanager, nullcontext
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from importlib.util import find_spec
from types import ModuleType
from typing import Dict, Union

# Which modules of mmpose (with all that they import) need which absent package.
NEEDED_BY = {
    'mmpose.models.heads.transformer_heads': 'mmcv.ops',
    'mmpose.models.heads.hybrid_heads.rtmo_head': 'mmdet',
    'mmpose.datasets': 'xtcocotools',
    'mmpose.evaluation': 'xtcocotools',
}
OPTIONAL_PACKAGES = 'mmpretrain.utils.dependency'  # where mmpretrain finds out which of them are installed
TOO_NEW = 'transformers>=4.56'  # its modeling_utils has no apply_chunking_to_forward


def absent_class(name: str, advice: str) -> type:
    """A class that can be imported, named in annotations and asked for by isinstance, but not built."""

    def refuse(self, *args, **kwargs):
        raise ImportError(f'{name} is not installed: {advice}')

    return type(name.rpartition('.')[2], (), dict(__init__=refuse, __doc__=f'{name} is not installed.'))


class OperatorsOfMMCV(ModuleType):
    """``mmcv.ops`` without the compiled operators."""

    def __getattr__(self, name: str) -> type:
        if name.startswith('__'):
            raise AttributeError(name)
        return absent_class(
            f'mmcv.ops.{name}',
            'it needs mmcv with its compiled operators instead of mmcv-lite '
            '(pip uninstall mmcv-lite, then pip install mmcv, which takes a compiler)',
        )


def operators_of_mmcv() -> Dict[str, ModuleType]:
    return {'mmcv.ops': OperatorsOfMMCV('mmcv.ops')}


def coco_tools() -> Dict[str, ModuleType]:
    """pycocotools reads the same files; its COCOeval, though, takes neither mmpose's sigmas nor its keypoint types."""
    package, cocoeval = ModuleType('xtcocotools'), ModuleType('xtcocotools.cocoeval')
    package.coco, package.mask = map(importlib.import_module, ('pycocotools.coco', 'pycocotools.mask'))
    package.cocoeval = cocoeval
    cocoeval.COCOeval = absent_class('xtcocotools.cocoeval.COCOeval', 'pip install xtcocotools, which takes a compiler')
    return {
        'xtcocotools': package,
        **{f'xtcocotools.{name}': getattr(package, name) for name in ('coco', 'cocoeval', 'mask')},
    }


def detection_utils() -> Dict[str, ModuleType]:
    from mmengine.config import ConfigDict
    from mmengine.dist import all_reduce

    def reduce_mean(tensor):
        """Average over the processes, as in mmdet."""
        tensor = tensor.clone()
        all_reduce(tensor, op='mean')
        return tensor

    package, utils = ModuleType('mmdet'), ModuleType('mmdet.utils')
    package.__path__ = []  # a package, in which mmdet.apis is not found
    utils.ConfigType, utils.reduce_mean = Union[ConfigDict, dict], reduce_mean
    return {'mmdet': package, 'mmdet.utils': utils}


MAKERS = {'mmcv.ops': operators_of_mmcv, 'xtcocotools': coco_tools, 'mmdet': detection_utils}


def is_absent(package: str) -> bool:
    """Whether it is not installed at all: one that is installed but broken shall say so itself."""
    return find_spec('mmcv._ext' if package == 'mmcv.ops' else package) is None


@contextmanager
def stand_in_for(package: str):
    """Inside, the package can be imported."""
    modules = MAKERS[package]() if package not in sys.modules and is_absent(package) else {}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            sys.modules.pop(name, None)


def leave_out_multimodal_models(dependency: ModuleType) -> None:
    """If transformers is too new for mmpretrain's multi-modal models, tell mmpretrain that they cannot be loaded."""
    if dependency.satisfy_requirement(TOO_NEW):
        dependency.WITH_MULTIMODAL = False


class LoadWithStandIn(MetaPathFinder):
    """Finds the modules named above where they are, and makes sure that they load beside what is installed here."""

    def find_spec(self, name, path=None, target=None):
        spec = PathFinder.find_spec(name, path, target) if name in (*NEEDED_BY, OPTIONAL_PACKAGES) else None
        if spec is not None:
            load = spec.loader.exec_module

            def load_beside_what_is_installed(module):
                with stand_in_for(NEEDED_BY[name]) if name in NEEDED_BY else nullcontext():
                    load(module)
                if name == OPTIONAL_PACKAGES:
                    leave_out_multimodal_models(module)

            spec.loader.exec_module = load_beside_what_is_installed
        return spec


def install() -> None:
    """Called by ``import fra_plugin``; a second call changes nothing."""
    if not any(isinstance(finder, LoadWithStandIn) for finder in sys.meta_path):
        sys.meta_path.insert(0, LoadWithStandIn())
        # mmcv-lite warns at each start of an operator of its own that nothing here uses.
        warnings.filterwarnings('ignore', 'Fail to import ``MultiScaleDeformableAttention``', UserWarning)
