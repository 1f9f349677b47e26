"""A heatmap head whose landmarks are the heatmaps' means (soft-argmax), trained with the STAR loss.

Source: Zhou et al., "STAR Loss", CVPR 2023. Differs from the paper in the network around it: the paper stacks four
hourglasses and adds losses on boundary maps; here deconvolutions on any backbone make the heatmaps, so that pre-trained
backbones can be compared.
"""

import torch
from mmpose.models.heads import IntegralRegressionHead
from mmpose.registry import MODELS


@MODELS.register_module()
class STARHead(IntegralRegressionHead):
    """Features (..., (B, C, h, w)) -> softmax heatmaps (B, K, 8h, 8w) and their means (B, K, 2) in [0, 1].

    Use it with mmpose's ``RegressionLabel`` codec. It is mmpose's ``IntegralRegressionHead`` with another loss.

    Example:
        >>> dict(type='STARHead', in_channels=2048, in_featuremap_size=(8, 8), num_joints=98,
        ...      decoder=dict(type='RegressionLabel', input_size=(256, 256)))

    Args:
        loss: config of a loss that takes heatmaps, (B, K, H, W), true landmarks in [0, 1], (B, K, 2), and
            weights, (B, K). Defaults to ``dict(type='STARLoss')``.
        **kwargs: as IntegralRegressionHead: ``in_channels``, ``in_featuremap_size``, ``num_joints``, ``decoder``, ...
    """

    def __init__(self, *args, loss: dict = dict(type='STARLoss'), **kwargs) -> None:
        super().__init__(*args, loss=loss, **kwargs)

    def loss(self, inputs, batch_data_samples, train_cfg={}) -> dict:
        """Features and data samples (B of them) -> ``{'loss_kpt': scalar}``."""
        _, heatmaps = self.forward(inputs)
        labels = [sample.gt_instance_labels for sample in batch_data_samples]
        target = torch.cat([label.keypoint_labels for label in labels])
        weight = torch.cat([label.keypoint_weights for label in labels])
        return dict(loss_kpt=self.loss_module(heatmaps, target, weight))
