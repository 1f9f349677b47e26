"""WFLW, 98 landmarks: mmpose's data part, with the subsets of the test set in the samples and in the numbers."""

_base_ = 'mmpose::face_2d_keypoint/topdown_heatmap/wflw/td-hm_hrnetv2-w18_8xb64-60e_wflw-256x256.py'

num_keypoints = 98
val_dataloader = dict(dataset=dict(type='WFLWSubsetDataset'))
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='FaceAlignmentMetric', norm='interocular')
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='NME_interocular', max_keep_ckpts=1), labels=dict(type='LabelCheckHook'))
