"""COCO-WholeBody-Face: heatmaps with UDP, from FRA weights and a tenth of the faces, each seen ten times an epoch."""

_base_ = 'td-hm_res50_udp-8xb32-60e_coco-wholebody-face-256x256.py'

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='RepeatDataset',
        times=10,
        dataset=dict(type='LabelBudget', share=0.1, dataset=_base_.train_dataloader.dataset),
    )
)
