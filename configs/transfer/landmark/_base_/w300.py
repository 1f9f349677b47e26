"""300W, 68 landmarks: mmpose's data part, with the subsets common, challenge and full in the numbers."""

_base_ = 'mmpose::face_2d_keypoint/topdown_heatmap/300w/td-hm_hrnetv2-w18_8xb64-60e_300w-256x256.py'

num_keypoints = 68
val_dataloader = dict(dataset=dict(type='Face300WSubsetDataset'))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='FaceAlignmentMetric', norm='interocular'),
    dict(type='FaceAlignmentMetric', norm='interpupil'),
]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='NME_interocular', max_keep_ckpts=1), labels=dict(type='LabelCheckHook'))
