"""A vision transformer of timm as a backbone that gives a feature map."""

import contextlib
import importlib
import io
from typing import Dict, Mapping, Tuple

import torch
from mmengine.model import BaseModule, initialize
from mmpretrain.registry import MODELS

from ...checkpoints.checked_load import unwrapped_name


@MODELS.register_module()
class TIMMFeatureMap(BaseModule):
    """Images (B, 3, H, W) -> the last block's patch tokens after the final norm, as one map (B, C, H / p, W / p).

    Class and register tokens are left out. mmpretrain's TIMMBackbone gives pooled features, or maps before the norm.

    With ``init_cfg=dict(type='PretrainedBackbone', checkpoint=...)`` it reads timm's own files, and those that timm
    converts for this model: Meta's files of DINOv3, and the image encoder in files of CLIP and FaRL.

    Example:
        >>> dict(type='TIMMFeatureMap', model_name='vit_small_patch16_dinov3')

    Args:
        model_name: of a vision transformer in ``timm.list_models()``; its weights are not downloaded.
        init_cfg: as of any backbone. Defaults to None, random weights.
        **kwargs: arguments of timm's model, such as ``img_size``.

    Raises:
        ImportError: without timm.
        ValueError: if timm has no such model, or it gives no maps of tokens.
    """

    def __init__(self, model_name: str, init_cfg: dict = None, **kwargs) -> None:
        super().__init__(init_cfg)
        try:
            import timm
        except ImportError:
            raise ImportError('TIMMFeatureMap needs timm: pip install timm') from None
        if not timm.is_model(model_name):
            raise ValueError(f'timm {timm.__version__} has no model {model_name!r}')
        self.model = timm.create_model(model_name, pretrained=False, num_classes=0, **kwargs)
        if not hasattr(self.model, 'forward_intermediates') or not hasattr(self.model, 'blocks'):
            raise ValueError(f"timm's {model_name} is no vision transformer that gives maps")

    def init_weights(self) -> None:
        """Read what ``init_cfg`` names; timm has drawn random weights already."""
        if self.init_cfg and not self._is_init:
            initialize(self, self.init_cfg)  # BaseModule would have timm draw anew after it
        self._is_init = True

    def forward(self, inputs: torch.Tensor) -> Tuple[torch.Tensor]:
        maps = self.model.forward_intermediates(
            inputs, indices=1, norm=True, output_fmt='NCHW', intermediates_only=True
        )
        return (maps[-1],)

    def own_names(self, state_dict: Mapping[str, torch.Tensor]) -> Dict[str, torch.Tensor]:
        """Tensors of a file in a layout that timm knows, under the names of this module; others as they are.

        The classifier and the parts of other networks in the file are left out.
        """
        if any('model.patch_embed.' in name for name in state_dict):
            return dict(state_dict)  # a checkpoint of this module
        plain = {unwrapped_name(name): value for name, value in state_dict.items()}
        convert = getattr(importlib.import_module(type(self.model).__module__), 'checkpoint_filter_fn', None)
        if convert is not None:
            with contextlib.redirect_stdout(io.StringIO()):  # it prints what it tries
                plain = convert(plain, self.model)
        parts = {name.split('.')[0] for name in self.model.state_dict()}
        known = {f'model.{name}': value for name, value in plain.items() if name.split('.')[0] in parts}
        return known or dict(state_dict)
