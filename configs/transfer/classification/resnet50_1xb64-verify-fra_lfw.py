_base_ = '_base_/lfw_pairs.py'
