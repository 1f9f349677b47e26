"""300W: regression with RLE, on a ResNet-50 that starts from random weights."""

_base_ = 'td-reg_res50_rle-8xb64-210e_300w-256x256.py'

model = _base_.random_init
