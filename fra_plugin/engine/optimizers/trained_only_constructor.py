"""Learning rates by parameter for models of which a part is not trained."""

from typing import List, Optional, Union

from mmengine.optim import DefaultOptimWrapperConstructor
from mmpretrain.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class TrainedOnlyConstructor(DefaultOptimWrapperConstructor):
    """mmengine's own, for a ``paramwise_cfg`` beside a target network.

    It leaves out the same parameters, those without gradient, but a module that has no others it does not enter: mmengine
    warns of each of their tensors, which are hundreds in a target network.
    """

    def add_params(
        self, params: List[dict], module: nn.Module, prefix: str = '', is_dcn_module: Optional[Union[int, float]] = None
    ) -> None:
        if any(param.requires_grad for param in module.parameters()):
            super().add_params(params, module, prefix, is_dcn_module)
