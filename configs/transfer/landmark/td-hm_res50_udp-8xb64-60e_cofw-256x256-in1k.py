"""COFW: heatmaps with UDP, on a ResNet-50 that starts from ImageNet weights."""

_base_ = 'td-hm_res50_udp-8xb64-60e_cofw-256x256.py'

model = _base_.imagenet_init
