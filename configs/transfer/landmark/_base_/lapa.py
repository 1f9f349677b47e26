"""LaPa, 106 landmarks: mmpose's data part. mmpose has it for RTMPose only, so the schedule is that of its other sets."""

_base_ = 'mmpose::face_2d_keypoint/rtmpose/lapa/rtmpose-m_8xb64-120e_lapa-256x256.py'

num_keypoints = 106
train_dataloader = dict(batch_size=64, num_workers=2)
val_dataloader = dict(num_workers=2)
test_dataloader = dict(num_workers=2)
val_evaluator = dict(_delete_=True, type='FaceAlignmentMetric', norm='interocular')
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='NME_interocular', max_keep_ckpts=1), labels=dict(type='LabelCheckHook'))

train_cfg = dict(max_epochs=60, val_interval=1)
optim_wrapper = dict(_delete_=True, optimizer=dict(type='Adam', lr=2e-3))
param_scheduler = [
    dict(type='LinearLR', begin=0, end=500, start_factor=0.001, by_epoch=False),
    dict(type='MultiStepLR', begin=0, end=60, milestones=[40, 55], gamma=0.1, by_epoch=True),
]
randomness = dict(_delete_=True, seed=None)  # RTMPose's is the same in each run
custom_hooks = [dict(type='SyncBuffersHook')]  # RTMPose's hooks average its weights and change its pipeline
