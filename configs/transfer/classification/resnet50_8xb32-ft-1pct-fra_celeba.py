_base_ = 'resnet50_8xb32-ft-fra_celeba.py'

# Other budgets and draws: --cfg-options train_dataloader.dataset.share=0.05 train_dataloader.dataset.seed=1
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='LabelBudget',
        share=0.01,
        seed=0,
        min_length=2560,  # at least 10 steps an epoch
        dataset=_base_.train_dataloader.dataset,
    )
)
