"""WFLW: regression with RLE, on a ResNet-50 that starts from ImageNet weights."""

_base_ = 'td-reg_res50_rle-8xb64-210e_wflw-256x256.py'

model = _base_.imagenet_init
