# Face parsing on drawn faces, nothing is downloaded: tools/benchmark_frozen.py THIS NAME=CHECKPOINT ... --out DIR
custom_imports = dict(imports=['fra_plugin'], allow_failed_imports=False)

faces = dict(type='SyntheticRegions', data_root='data/synthetic_faces')
tasks = dict(parsing=dict(type='parsing', train=dict(faces, split='train'), test=dict(faces, split='val')))
