"""The FRA algorithm and its parts, the STAR loss for landmarks, and heads for frozen features and for numbers."""

from ..checkpoints.pretrained_backbone import PretrainedBackbone
from .feature_head import FeatureHead
from .fra import FRA
from .fra_head import FRAHead
from .fra_neck import FRANeck
from .linear_regression_head import LinearRegressionHead
from .region_heatmap_head import RegionHeatmapHead
from .semantic_consistency_loss import SemanticConsistencyLoss
from .semantic_relation_loss import SemanticRelationLoss
from .star_loss import STARLoss

__all__ = [
    'FRA',
    'FRAHead',
    'FRANeck',
    'FeatureHead',
    'LinearRegressionHead',
    'PretrainedBackbone',
    'RegionHeatmapHead',
    'STARLoss',
    'SemanticConsistencyLoss',
    'SemanticRelationLoss',
]
