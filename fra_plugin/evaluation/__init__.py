"""Metrics of face tasks, and measures of embeddings, frozen features and regions."""

from .absolute_error_metric import AbsoluteErrorMetric
from .attribute_metric import AttributeMetric
from .class_accuracy import ClassAccuracy
from .face_alignment_metric import FaceAlignmentMetric
from .group_accuracy import GroupAccuracy
from .parsing_metric import ParsingMetric
from .verification_metric import VerificationMetric

__all__ = [
    'AbsoluteErrorMetric',
    'AttributeMetric',
    'ClassAccuracy',
    'FaceAlignmentMetric',
    'GroupAccuracy',
    'ParsingMetric',
    'VerificationMetric',
]
