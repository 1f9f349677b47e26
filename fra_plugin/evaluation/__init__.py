"""Metrics."""
from .attribute_metric import AttributeMetric
from .class_accuracy import ClassAccuracy
from .face_alignment_metric import FaceAlignmentMetric
from .verification_metric import VerificationMetric
