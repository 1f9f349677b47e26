_base_ = 'resnet50_classifier.py'

# The backbone gets no gradient, and its BatchNorm keeps the statistics of pre-training.
model = dict(backbone=dict(frozen_stages=4, norm_eval=True))
