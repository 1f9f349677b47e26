"""COFW, 29 landmarks: mmpose's data part."""

_base_ = 'mmpose::face_2d_keypoint/topdown_heatmap/cofw/td-hm_hrnetv2-w18_8xb64-60e_cofw-256x256.py'

num_keypoints = 29
val_evaluator = [
    dict(type='FaceAlignmentMetric', norm='interocular'),
    dict(type='FaceAlignmentMetric', norm='interpupil'),
]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='NME_interocular', max_keep_ckpts=1), labels=dict(type='LabelCheckHook'))
