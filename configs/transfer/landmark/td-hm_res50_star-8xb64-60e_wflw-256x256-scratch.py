"""WFLW: means of heatmaps with the STAR loss, on a ResNet-50 that starts from random weights."""

_base_ = 'td-hm_res50_star-8xb64-60e_wflw-256x256.py'

model = _base_.random_init
