# Tasks for frozen features on drawn faces, in the crops of the fine-tuned networks: tools/benchmark_frozen.py THIS
# NAME=CHECKPOINT ... --out DIR
custom_imports = dict(imports=['fra_plugin'], allow_failed_imports=False)

faces = 'data/synthetic_faces'
expressions = dict(type='RAFDB', data_root=faces)
tasks = dict(
    landmarks=dict(
        type='landmarks',
        images=f'{faces}/images',
        train=f'{faces}/annotations/landmarks_train.json',
        test=f'{faces}/annotations/landmarks_val.json',
        size=96,
        off_centre=False,
    ),
    expression=dict(type='classes', train=dict(expressions, split='train'), test=dict(expressions, split='test')),
)
