# BYOL on the data and recipe of FRA.
_base_ = [
    '../_base_/models/byol_r50.py',
    '../_base_/datasets/vggface2_two_views.py',
    '../_base_/schedules/lars_coslr_50e.py',
    '../_base_/pretrain_runtime.py',
]

resume = True
