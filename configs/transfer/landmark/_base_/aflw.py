"""AFLW, 19 landmarks: mmpose's data part, with the subset of frontal faces in the numbers."""

_base_ = 'mmpose::face_2d_keypoint/topdown_heatmap/aflw/td-hm_hrnetv2-w18_8xb64-60e_aflw-256x256.py'

num_keypoints = 19
val_dataloader = dict(dataset=dict(type='AFLWSubsetDataset'))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='FaceAlignmentMetric', norm='box_size'),
    dict(type='FaceAlignmentMetric', norm='box_diagonal'),
]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='NME_box_size', max_keep_ckpts=1), labels=dict(type='LabelCheckHook'))
