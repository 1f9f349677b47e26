"""The FRA algorithm and its parts, the STAR loss, heads for frozen features, numbers and facial parts, and timm's ViTs."""

from ..checkpoints.pretrained_backbone import PretrainedBackbone
from .feature_head import FeatureHead
from .fra import FRA
from .fra_head import FRAHead
from .fra_neck import FRANeck
from .linear_regression_head import LinearRegressionHead
from .parsing_head import ParsingHead
from .non_blocking_sync_bn import NonBlockingSyncBN
from .region_heatmap_head import RegionHeatmapHead
from .semantic_consistency_loss import SemanticConsistencyLoss
from .semantic_relation_loss import SemanticRelationLoss
from .star_loss import STARLoss
from .timm_feature_map import TIMMFeatureMap
from .view_preprocessor import ViewPreprocessor

__all__ = [
    'FRA',
    'FRAHead',
    'FRANeck',
    'FeatureHead',
    'LinearRegressionHead',
    'ParsingHead',
    'NonBlockingSyncBN',
    'PretrainedBackbone',
    'RegionHeatmapHead',
    'STARLoss',
    'ViewPreprocessor',
    'SemanticConsistencyLoss',
    'SemanticRelationLoss',
    'TIMMFeatureMap',
]
