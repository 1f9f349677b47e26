# Face parsing on LaPa: tools/benchmark_frozen.py THIS NAME=CHECKPOINT ... --out DIR
custom_imports = dict(imports=['fra_plugin'], allow_failed_imports=False)

faces = dict(type='LaPa', data_root='data/LaPa')
tasks = dict(
    parsing=dict(type='parsing', train=dict(faces, split='train'), test=dict(faces, split='test'), max_train=2000)
)
