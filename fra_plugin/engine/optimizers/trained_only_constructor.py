"""Settings by parameter for models of which a part is not trained."""

from typing import List, Optional, Union

from mmengine.optim import DefaultOptimWrapperConstructor
from mmpretrain.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class TrainedOnlyConstructor(DefaultOptimWrapperConstructor):
    """mmengine's constructor, for a ``paramwise_cfg`` beside a target network.

    Every parameter gets the settings that mmengine's own constructor gives it. Two things differ:

    - mmengine warns about each parameter without gradient, which are hundreds in a target network. Modules that have no
      other parameters are left out here without a warning.
    - mmengine makes a group of each parameter. Here the parameters of equal settings are one group, so that an optimizer
      that works on lists (``foreach``) gets long ones.

    Example:
        >>> dict(type='OptimWrapper', constructor='TrainedOnlyConstructor', optimizer=dict(type='AdamW', lr=3e-4),
        ...      paramwise_cfg=dict(custom_keys={'head.predictor': dict(lr_mult=10.0)}))
    """

    def add_params(
        self, params: List[dict], module: nn.Module, prefix: str = '', is_dcn_module: Optional[Union[int, float]] = None
    ) -> None:
        if any(param.requires_grad for param in module.parameters()):
            super().add_params(params, module, prefix, is_dcn_module)
        if not prefix:  # the whole model is done
            params[:] = merge_groups(params)


def merge_groups(groups: List[dict]) -> List[dict]:
    """The same parameters in as few groups as their settings allow, in their first order."""
    merged = []
    for group in groups:
        settings = {key: value for key, value in group.items() if key != 'params'}
        for other in merged:
            if settings == {key: value for key, value in other.items() if key != 'params'}:
                other['params'] += group['params']
                break
        else:
            merged.append(dict(settings, params=list(group['params'])))
    return merged
