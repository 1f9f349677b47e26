"""COCO-WholeBody-Face, 68 landmarks: mmpose's data part."""

_base_ = (
    'mmpose::face_2d_keypoint/topdown_heatmap/coco_wholebody_face/td-hm_res50_8xb32-60e_coco-wholebody-face-256x256.py'
)

num_keypoints = 68
# Faces of a few pixels can have both eyes in one point; they are left out and counted.
val_evaluator = dict(_delete_=True, type='FaceAlignmentMetric', norm='interocular', skip_invalid=True)
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='NME_interocular', max_keep_ckpts=1), labels=dict(type='LabelCheckHook'))
