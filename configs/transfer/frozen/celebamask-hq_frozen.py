# Face parsing on CelebAMask-HQ: tools/benchmark_frozen.py THIS NAME=CHECKPOINT ... --out DIR
_base_ = 'lapa_frozen.py'

faces = dict(type='CelebAMaskHQ', data_root='data/CelebAMask-HQ')
tasks = dict(parsing=dict(train=dict(faces, split='train'), test=dict(faces, split='test')))
