"""Narrow necks and heads of the pre-training configs, to build them quickly on a small machine."""

NECK, PREDICTOR = dict(hid_channels=32, out_channels=16), dict(hid_channels=32, in_channels=16, out_channels=16)
NARROW = {
    'FRA': dict(neck=NECK, head=dict(hid_channels=32)),
    'BYOL': dict(neck=NECK, head=dict(predictor=PREDICTOR)),
    'MoCoV3': dict(neck=NECK, head=dict(predictor=PREDICTOR)),
    'SimSiam': dict(neck=NECK, head=dict(predictor=PREDICTOR)),
    'BarlowTwins': dict(neck=NECK, head=dict(in_channels=16)),
    'DenseCL': dict(neck=NECK, feat_dim=16, queue_len=8),
    'MAE': dict(neck=dict(decoder_embed_dim=32, decoder_depth=1, decoder_num_heads=2)),
}
