"""Predictors and losses of FRA.

Source: FRA (CVPR 2024), Section 3.3.
"""

from typing import Dict, Optional

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS

from .fra_neck import FaceEmbedding, each_view, projector


@MODELS.register_module()
class FRAHead(BaseModule):
    """Embeddings of both networks on both views -> losses.

    Example:
        >>> dict(type='FRAHead', global_weight=0.5, cross_view=True)

    Args:
        in_channels: D of the embeddings. Defaults to 256; :class:`FRA` fills in the neck's.
        hid_channels: hidden width of the two predictors. Defaults to 4096.
        global_weight: w in [0, 1], weight of the global embedding against the regions. Defaults to 0.5.
        consistency_loss: config. Defaults to ``dict(type='SemanticConsistencyLoss')``.
        relation_loss: config. Defaults to ``dict(type='SemanticRelationLoss')``.
        cross_view: let the target network assign the pixels to regions in the other view, from where they are carried
            over. Not in the paper, whose networks look at the same view, as they do without ``view_boxes``. Defaults to
            False.
        norm_cfg: the predictors' norm layer. Defaults to ``dict(type='NonBlockingSyncBN')``.
        init_cfg: initialisation of the children that do not have their own. Defaults to None.

    Raises:
        ValueError: if ``global_weight`` is not in [0, 1].
    """

    def __init__(
        self,
        *,
        in_channels: int = 256,
        hid_channels: int = 4096,
        global_weight: float = 0.5,
        consistency_loss: dict = dict(type='SemanticConsistencyLoss'),
        relation_loss: dict = dict(type='SemanticRelationLoss'),
        cross_view: bool = False,
        norm_cfg: dict = dict(type='NonBlockingSyncBN'),
        init_cfg: dict = None,
    ) -> None:
        super().__init__(init_cfg)
        if not 0 <= global_weight <= 1:
            raise ValueError(f'global_weight must be in [0, 1], got {global_weight}')
        self.global_weight = global_weight
        self.cross_view = cross_view
        self.predictor = projector(in_channels, hid_channels, in_channels, norm_cfg)
        self.region_predictor = projector(in_channels, hid_channels, in_channels, norm_cfg)
        self.consistency_loss = MODELS.build(consistency_loss)
        self.relation_loss = MODELS.build(relation_loss)

    def loss(
        self,
        online: FaceEmbedding,
        target: FaceEmbedding,
        view_boxes: Optional[torch.Tensor] = None,
    ) -> Dict[str, torch.Tensor]:
        """Losses, weights included.

        Args:
            online: of both views.
            target: of both views, without gradient.
            view_boxes: which part of its image each view shows, (2, B, 4). Defaults to None, not known.

        Returns:
            ``loss_global``, ``loss_region``, ``loss_relation``; their sum is the total.
        """
        global_pred = each_view(self.predictor, online.global_embed)
        region_pred = each_view(self.region_predictor, online.region_embed)
        # Each view against the target's other one; the paper adds the two directions, the losses are means over them.
        loss_global = 2 * self.consistency_loss(global_pred[:, :, None], target.global_embed.flip(0)[:, :, None])
        loss_region = 2 * self.consistency_loss(region_pred, target.region_embed.flip(0))
        teacher_logits, boxes = target.region_logits, (None, None)
        if self.cross_view and view_boxes is not None:
            teacher_logits, boxes = teacher_logits.flip(0), (view_boxes, view_boxes.flip(0))
        elif self.cross_view:
            raise ValueError(
                "cross_view needs to know where the views were cut: set type='LocatedMultiView' in the place of MultiView, "
                "and meta_keys=('view_boxes', ) for PackInputs"
            )
        loss_relation = self.relation_loss(online.region_logits, teacher_logits, *boxes)
        return dict(
            loss_global=self.global_weight * loss_global,
            loss_region=(1 - self.global_weight) * loss_region,
            loss_relation=loss_relation,
        )
