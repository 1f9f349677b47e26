# Frozen features on one's own labelled photos: tools/benchmark_frozen.py THIS NAME=CHECKPOINT ... --out DIR
# labels.csv has the columns path, label and split (train or val).
custom_imports = dict(imports=['fra_plugin'], allow_failed_imports=False)

photos = dict(type='FaceCSV', data_root='data/my_faces', ann_file='labels.csv')
tasks = dict(label=dict(type='classes', train=dict(photos, split='train'), test=dict(photos, split='val')))
