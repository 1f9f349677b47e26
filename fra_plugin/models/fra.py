"""FRA: self-supervised facial representation learning with facial region awareness.

Source: Z. Gao and I. Patras, CVPR 2024, arXiv 2403.02138. Differs from the official code in that gradients pass
through the averages over processes (``sync_grad=False`` in the heatmap head and the relation loss restores it).
"""

import copy
import logging
import math
from typing import Dict, List, Optional, Tuple, Union

import torch
from mmengine.logging import MessageHub, print_log
from mmpretrain.models import BaseSelfSupervisor
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import nn

from .evaluation_mode import evaluation_mode


@MODELS.register_module()
class FRA(BaseSelfSupervisor):
    """Two views (B, 3, H, W) -> online and target encoder -> :class:`FaceEmbedding` each -> losses.

    The target encoder (``target.backbone``, ``target.neck``) starts as a copy of the online encoder and follows its
    parameters by :meth:`update_target`, which :class:`MomentumUpdateHook` calls after every optimizer step. It runs in
    training mode, without gradient, with its own BatchNorm statistics and prototype.

    Example:
        >>> dict(type='FRA', backbone=dict(type='ResNet', depth=50),
        ...      neck=dict(type='FRANeck', in_channels=2048), head=dict(type='FRAHead'))

    Args:
        backbone: config of any backbone whose last output is a feature map (B, C, H, W).
        neck: config of the :class:`FRANeck`; its ``in_channels`` must be the backbone's C.
        head: config of the :class:`FRAHead`; ``in_channels`` is filled in.
        base_momentum: share of the online parameters in the first update (0.004 means: keep 0.996), in [0, 1]; falls
            to 0 along a cosine. Defaults to 0.004.
        pretrained: checkpoint of the online networks to start from; the target starts as their copy. Defaults to None.
        data_preprocessor: config. Defaults to None, :class:`SelfSupDataPreprocessor` without normalisation.
        init_cfg: initialisation config. Defaults to None.

    Raises:
        ValueError: if the backbone gives no feature map, or one with other channels than the neck takes, or if
            ``base_momentum`` is not in [0, 1].
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        head: dict,
        *,
        base_momentum: float = 0.004,
        pretrained: Optional[str] = None,
        data_preprocessor: Optional[Union[dict, nn.Module]] = None,
        init_cfg: Optional[Union[dict, List[dict]]] = None,
    ) -> None:
        if not 0 <= base_momentum <= 1:
            raise ValueError(f'base_momentum must be in [0, 1], got {base_momentum}')
        neck = MODELS.build(neck)
        super().__init__(
            backbone=backbone,
            neck=neck,
            head=dict(head, in_channels=neck.out_channels),
            pretrained=pretrained,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self._check_feature_map()
        self.base_momentum = base_momentum
        self.target = nn.ModuleDict(dict(backbone=copy.deepcopy(self.backbone), neck=copy.deepcopy(self.neck)))
        self.target.requires_grad_(False)
        self._losses_since_update = 0
        self._moving: Optional[Tuple[List[nn.Parameter], List[nn.Parameter]]] = None

    def init_weights(self) -> None:
        """Initialise the online networks and let the target start as their copy."""
        super().init_weights()
        self.target.backbone.load_state_dict(self.backbone.state_dict())
        self.target.neck.load_state_dict(self.neck.state_dict())

    def _load_from_state_dict(self, state_dict: Dict[str, torch.Tensor], prefix: str, *args) -> None:
        """Let the target start as the copy of an encoder whose file has no target network."""
        if not any(name.startswith(f'{prefix}target.') for name in state_dict):
            online = (f'{prefix}backbone.', f'{prefix}neck.')
            encoder = {name[len(prefix) :]: value for name, value in state_dict.items() if name.startswith(online)}
            state_dict.update((f'{prefix}target.{name}', value) for name, value in encoder.items())
        super()._load_from_state_dict(state_dict, prefix, *args)

    def loss(self, inputs: List[torch.Tensor], data_samples: Optional[List[DataSample]] = None) -> Dict:
        """Losses of :meth:`FRAHead.loss` for two views (B, 3, H, W) of the same faces.

        A head with ``cross_view`` is given the samples' ``view_boxes``, as :class:`LocatedMultiView` makes them.
        """
        if not isinstance(inputs, (list, tuple)) or len(inputs) != 2:
            got = f'{len(inputs)} views' if isinstance(inputs, (list, tuple)) else type(inputs).__name__
            raise ValueError(f'FRA learns from a list of two views (B, 3, H, W) each, got {got}')
        self._losses_since_update += 1
        if self._losses_since_update == 100:  # a config whose own custom_hooks replaced the recipe's
            print_log(
                'the target network has not moved for 100 iterations: '
                "dict(type='MomentumUpdateHook') must be among custom_hooks",
                'current',
                logging.WARNING,
            )
        view_boxes = None
        if self.head.cross_view and data_samples and 'view_boxes' in data_samples[0]:
            # Before the networks run: the copy then doesn't wait for them.
            view_boxes = torch.tensor([sample.view_boxes for sample in data_samples], dtype=torch.float32)
            view_boxes = view_boxes.transpose(0, 1).to(inputs[0].device, non_blocking=True)  # (2, B, 4)
        return self.view_losses(inputs, view_boxes)

    def view_losses(self, inputs: List[torch.Tensor], view_boxes: Optional[torch.Tensor] = None) -> Dict:
        """:meth:`loss` without what is not arithmetic, so that it can be compiled (:class:`CompileHook`).

        Args:
            inputs: two views (B, 3, H, W).
            view_boxes: which part of its image each view shows, (2, B, 4). Defaults to None, not known.
        """
        online = self.neck(*(self.backbone(view) for view in inputs))
        with torch.no_grad():
            target = self.target.neck(*(self.target.backbone(view) for view in inputs))
        return self.head.loss(online, target, view_boxes)

    @torch.no_grad()
    def heatmaps(self, inputs: torch.Tensor, logits: bool = False) -> torch.Tensor:
        """Region masks of the online network by its prototype; batch and mode (train or eval) make no difference.

        Args:
            inputs: normalised images (B, 3, H, W).
            logits: give the cosines in [-1, 1] instead of the masks. Defaults to False.

        Returns:
            (B, K, h, w); masks are positive and sum to 1 over the regions (plus K * 1e-7).
        """
        with evaluation_mode(self):
            region_logits = self.neck.region_logits(self.backbone(inputs))
        return region_logits if logits else self.neck.heatmap_head.masks(region_logits)

    @torch.no_grad()
    def update_target(self, step: int, max_steps: Optional[int] = None) -> None:
        """Move the target's parameters (not its buffers) towards the online ones, once after an optimizer step.

        Args:
            step: index of the step just taken, from 0.
            max_steps: number of optimizer steps of the whole training. Defaults to None: the running Runner's
                iterations.

        Raises:
            ValueError: without ``max_steps`` where no Runner is training.
        """
        max_steps = max_steps or MessageHub.get_current_instance().get_info('max_iters')
        if not max_steps:
            raise ValueError('update_target needs max_steps where no Runner is training')
        self._losses_since_update = 0
        momentum = self.base_momentum * (math.cos(math.pi * step / max_steps) + 1) / 2
        if self._moving is None:  # a walk through all modules, so only once
            self._moving = list(self.target.parameters()), [*self.backbone.parameters(), *self.neck.parameters()]
        target, online = self._moving
        torch._foreach_lerp_(target, online, momentum)

    def _apply(self, *args, **kwargs) -> nn.Module:
        self._moving = None
        return super()._apply(*args, **kwargs)

    @torch.no_grad()
    def _check_feature_map(self) -> None:
        """Run the backbone once on a blank image: what it gives is not to be read off its config."""
        name = type(self.backbone).__name__
        size = getattr(self.backbone, 'img_size', 224)
        size = (size, size) if isinstance(size, int) else tuple(size)
        with evaluation_mode(self.backbone):
            output = self.backbone(torch.zeros(1, 3, *size))
        feature_map = output[-1] if isinstance(output, (tuple, list)) else output
        if not isinstance(feature_map, torch.Tensor) or feature_map.dim() != 4:
            raise ValueError(
                f'the backbone {name} must give a feature map (B, C, H, W), '
                f'got {tuple(getattr(feature_map, "shape", ()))}: set out_type="featmap" (ViT) or '
                'gap_before_final_norm=False (ConvNeXt)'
            )
        if feature_map.shape[1] != self.neck.in_channels:
            raise ValueError(
                f'the neck takes in_channels={self.neck.in_channels}, but the feature map of the '
                f'backbone {name} has {feature_map.shape[1]} channels'
            )
