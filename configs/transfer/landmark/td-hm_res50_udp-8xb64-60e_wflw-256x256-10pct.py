"""WFLW: heatmaps with UDP, from FRA weights and a tenth of the faces, each seen ten times an epoch."""

_base_ = 'td-hm_res50_udp-8xb64-60e_wflw-256x256.py'

# Other budgets and draws: --cfg-options train_dataloader.dataset.share=0.01 train_dataloader.dataset.seed=1
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='LabelBudget',
        share=0.1,
        seed=0,
        min_length=7500,  # as many faces an epoch as with all labels
        dataset=_base_.train_dataloader.dataset,
    )
)
