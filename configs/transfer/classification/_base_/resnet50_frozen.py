_base_ = 'resnet50_classifier.py'

# No gradient, and BatchNorm with the statistics of pre-training.
model = dict(backbone=dict(frozen_stages=4, norm_eval=True))
