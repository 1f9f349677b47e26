_base_ = 'fra_r50_8xb64.py'

optim_wrapper = dict(accumulative_counts=2)  # 4 x 64 x 2 = the recipe's 512
auto_scale_lr = dict(base_batch_size=256)  # mmengine does not count the accumulation
