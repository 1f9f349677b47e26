model = dict(
    type='FRA',
    base_momentum=0.004,  # the paper's 0.996 is 1 - this
    backbone=dict(type='ResNet', depth=50, norm_cfg=dict(type='NonBlockingSyncBN'), zero_init_residual=False),
    neck=dict(
        type='FRANeck',
        in_channels=2048,
        hid_channels=4096,
        out_channels=256,
        heatmap_head=dict(
            type='RegionHeatmapHead',
            num_regions=8,
            num_layers=2,
            num_heads=8,
            dropout=0.1,
            temperature=1.0,
            prototype_momentum=0.1,
        ),
    ),
    head=dict(
        type='FRAHead',
        hid_channels=4096,
        global_weight=0.5,
        consistency_loss=dict(type='SemanticConsistencyLoss', decorrelation_weight=0.02),
        relation_loss=dict(
            type='SemanticRelationLoss',
            student_temp=0.1,
            teacher_temp=0.04,
            sinkhorn_iters=3,
            entropy_weight=1.0,
            loss_weight=0.1,
        ),
    ),
)
