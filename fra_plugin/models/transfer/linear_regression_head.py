"""A linear layer that predicts numbers: ages, angles, intensities. mmpretrain's own heads predict classes only."""

from typing import List, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmpretrain.models import LinearClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class LinearRegressionHead(LinearClsHead):
    """Pooled features (B, C) -> numbers (B, N) = mean + std * linear layer; smooth L1 loss in units of std.

    Targets are the ``gt_score`` (N,) of each face, predictions its ``pred_score`` (N,), both in the units of the data set.
    Mean and std are stored in the checkpoint. The loss is computed in float32.

    Example:
        >>> dict(type='LinearRegressionHead', num_classes=1, in_channels=2048, mean=[38], std=[17])

    Args:
        num_classes: N, how many numbers a face has; mmpretrain's name for the outputs of a head.
        in_channels: C.
        mean: of each number over the training faces, roughly, so that the layer starts there. Defaults to None, 0.
        std: their standard deviations, roughly; above 0. Defaults to None, 1.
        init_cfg: of the linear layer. Defaults to None, mmpretrain's normal distribution.

    Raises:
        ValueError: if ``mean`` or ``std`` has not ``num_classes`` numbers, a std is not above 0, or a face has no
            ``gt_score`` of this length.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        mean: Optional[Sequence[float]] = None,
        std: Optional[Sequence[float]] = None,
        init_cfg: Optional[dict] = None,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg or dict(type='Normal', layer='Linear', std=0.01))
        for name, values, default in (('mean', mean, 0.0), ('std', std, 1.0)):
            values = [default] * num_classes if values is None else list(values)
            if len(values) != num_classes:
                raise ValueError(f'{name} must have num_classes={num_classes} numbers, got {len(values)}')
            if name == 'std' and not all(0 < value < float('inf') for value in values):
                raise ValueError(f'std must be above 0, got {values}')
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32))

    def forward(self, feats: Tuple[torch.Tensor, ...]) -> torch.Tensor:
        """The last stage's features (B, C) -> numbers (B, N)."""
        return self.mean + self.std * self.fc(self.pre_logits(feats)).float()

    def _get_loss(self, cls_score: torch.Tensor, data_samples: List[DataSample], **kwargs) -> dict:
        targets = [sample.get('gt_score') for sample in data_samples]
        wrong = next((target for target in targets if target is None or len(target) != self.num_classes), False)
        if wrong is not False:
            raise ValueError(
                f'LinearRegressionHead needs {self.num_classes} numbers (gt_score) of each face, '
                f'got {"none" if wrong is None else len(wrong)}'
            )
        target = torch.stack(targets).to(cls_score)
        return dict(loss=F.smooth_l1_loss(cls_score / self.std, target / self.std))

    def _get_predictions(
        self, cls_score: torch.Tensor, data_samples: Optional[List[Optional[DataSample]]]
    ) -> List[DataSample]:
        samples = data_samples or [None] * len(cls_score)
        samples = [DataSample() if sample is None else sample for sample in samples]
        return [sample.set_pred_score(numbers) for sample, numbers in zip(samples, cls_score.detach())]
