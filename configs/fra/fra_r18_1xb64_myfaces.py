# The small recipe on a folder of your own faces, for CPUs and for a few thousand faces.
_base_ = 'fra_r18_1xb64_demo.py'

# data/my_faces/**/*.jpg, whatever the sub-folders
train_dataloader = dict(dataset=dict(data_root='data/my_faces', data_prefix='', ann_file=''))
train_cfg = dict(max_epochs=60)
resume = True  # from the last checkpoint in the work directory, if there is one
