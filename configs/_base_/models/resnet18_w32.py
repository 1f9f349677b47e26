# The demo's backbone: the first three stages of a ResNet-18 of width 32; 96 px give a 12 x 12 map of 128 channels.
backbone = dict(
    type='ResNet',
    depth=18,
    stem_channels=32,
    base_channels=32,
    num_stages=3,
    out_indices=(2,),
    strides=(1, 2, 1),
    dilations=(1, 1, 1),
    norm_cfg=dict(type='BN'),
    zero_init_residual=False,
)
