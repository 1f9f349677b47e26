"""The FRA algorithm and its parts; heads and losses of transfer are in a room of their own."""

from ..checkpoints.pretrained_backbone import PretrainedBackbone
from .fra import FRA
from .fra_head import FRAHead
from .fra_neck import FRANeck
from .non_blocking_sync_bn import NonBlockingSyncBN
from .region_heatmap_head import RegionHeatmapHead
from .semantic_consistency_loss import SemanticConsistencyLoss
from .semantic_relation_loss import SemanticRelationLoss
from .transfer.feature_head import FeatureHead
from .transfer.linear_regression_head import LinearRegressionHead
from .transfer.parsing_head import ParsingHead
from .transfer.star_loss import STARLoss
from .transfer.timm_feature_map import TIMMFeatureMap
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
