"""COCO-WholeBody-Face: heatmaps with UDP, on a ResNet-50 that starts from random weights."""

_base_ = 'td-hm_res50_udp-8xb32-60e_coco-wholebody-face-256x256.py'

model = _base_.random_init
