"""A light decoder that names the facial part of each pixel.

Source: the semantic branch of A. Kirillov et al., "Panoptic Feature Pyramid Networks", CVPR 2019, section 3.2. Each map
has one 1 x 1 convolution here, and the sum one of 3 x 3.
"""

from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import nn
from torch.nn import functional as F


@MODELS.register_module()
class ParsingHead(BaseModule):
    """Maps of some stages (B, C_i, h_i, w_i) -> as wide as each other -> resized to the first, added -> K classes.

    It is the head of mmpretrain's ImageClassifier, without a neck. The scores are resized bilinearly to the label map.

    Example:
        >>> dict(type='ImageClassifier', backbone=dict(type='ResNet', depth=50, out_indices=(0, 1, 2, 3)),
        ...      head=dict(type='ParsingHead', num_classes=11, in_channels=[256, 512, 1024, 2048]))

    Args:
        num_classes: K, with the background.
        in_channels: C_i of each map that the backbone gives, in its order.
        hid_channels: of the sum. Defaults to 128.
        dropout: share of its channels that are set to zero in training, in [0, 1). Defaults to 0.1.
        norm_cfg: of the norm layers. Defaults to None, BN.
        loss: of the scores (B, K, H, W) and classes (B, H, W). Defaults to None, cross entropy.
        init_cfg: as of any module. Defaults to None.

    Raises:
        ValueError: if a number is out of its range, or, when called, if the backbone gives another number of maps.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: Sequence[int],
        *,
        hid_channels: int = 128,
        dropout: float = 0.1,
        norm_cfg: Optional[dict] = None,
        loss: Optional[dict] = None,
        init_cfg: Optional[dict] = None,
    ) -> None:
        super().__init__(init_cfg)
        if num_classes < 2 or hid_channels < 1 or not in_channels or not 0 <= dropout < 1:
            raise ValueError(
                'num_classes must be at least 2, hid_channels at least 1, in_channels not empty and dropout in [0, 1), got '
                f'{num_classes}, {hid_channels}, {in_channels} and {dropout}'
            )
        norm_cfg = norm_cfg or dict(type='BN')
        self.num_classes = num_classes
        self.laterals = nn.ModuleList(
            [ConvModule(channels, hid_channels, 1, norm_cfg=norm_cfg) for channels in in_channels]
        )
        self.fuse = ConvModule(hid_channels, hid_channels, 3, padding=1, norm_cfg=norm_cfg)
        self.dropout = nn.Dropout2d(dropout)
        self.classify = nn.Conv2d(hid_channels, num_classes, 1)
        self.loss_module = MODELS.build(loss or dict(type='CrossEntropyLoss'))

    def forward(self, feats: Tuple[torch.Tensor, ...]) -> torch.Tensor:
        """Scores (B, K, h, w), as large as the first map."""
        if len(feats) != len(self.laterals):
            raise ValueError(
                f'in_channels names {len(self.laterals)} maps, but the backbone gives {len(feats)}: see its out_indices'
            )
        size = feats[0].shape[2:]
        maps = [lateral(feat) for lateral, feat in zip(self.laterals, feats)]
        total = sum(F.interpolate(part, size, mode='bilinear') if part.shape[2:] != size else part for part in maps)
        return self.classify(self.dropout(self.fuse(total)))

    def loss(
        self, feats: Tuple[torch.Tensor, ...], data_samples: List[DataSample], **kwargs
    ) -> Dict[str, torch.Tensor]:
        """``loss`` and ``pixel_accuracy`` in percent, by ``gt_seg_map`` (H, W) of the data samples."""
        scores = self(feats)
        labels = np.stack([np.asarray(sample.gt_seg_map) for sample in data_samples])  # a copy: a flipped map is a view
        labels = torch.from_numpy(labels).long().to(scores.device)
        scores = F.interpolate(scores.float(), labels.shape[1:], mode='bilinear')
        accuracy = 100 * (scores.detach().argmax(1) == labels).float().mean()
        return dict(loss=self.loss_module(scores, labels, **kwargs), pixel_accuracy=accuracy)

    def predict(self, feats: Tuple[torch.Tensor, ...], data_samples: List[DataSample]) -> List[DataSample]:
        """``pred_seg_map`` (H, W) uint8 in each data sample, as large as its image was for the network."""
        scores = self(feats).float()
        for sample, score in zip(data_samples, scores):
            size = tuple(sample.img_shape[:2])
            resized = F.interpolate(score[None], size, mode='bilinear')[0]
            sample.set_field(resized.argmax(0).to(torch.uint8), 'pred_seg_map')
        return data_samples
