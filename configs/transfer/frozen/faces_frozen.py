# Tasks for frozen features on small sets of real faces: tools/benchmark_frozen.py THIS NAME=CHECKPOINT ... --out DIR
custom_imports = dict(imports=['fra_plugin'], allow_failed_imports=False)

# Helen and AFW, the part of 300W that was handed out with loose crops: 895 and 250 faces with 68 landmarks.
landmarks = 'data/lm68_helen_afw'
# github.com/muxspace/facial_expressions: labels.csv with file_name, expression, group (who it is), split.
expressions = dict(
    type='FaceCSV',
    data_root='data/muxspace_expr',
    data_prefix='images',
    ann_file='labels.csv',
    image_column='file_name',
    unlabelled='skip',
)
# LFW: attributes.csv with file_name, split, and gender, smile, glasses as 1 and 2.
attributes = dict(
    type='FaceCSV',
    data_root='data/lfw_color5pt',
    data_prefix='images',
    ann_file='attributes.csv',
    image_column='file_name',
    classes=['1', '2'],
    unlabelled='skip',
)
# UTKFace, aligned, at 112 px: labels.csv with file_name, age, gender, race, split.
utkface = dict(
    type='FaceCSV',
    data_root='data/utkface112',
    data_prefix='images',
    ann_file='labels.csv',
    image_column='file_name',
)

five = dict(label_column='expression', classes=['neutral', 'happiness', 'surprise', 'sadness', 'anger'])
parts = {
    'expression': [dict(expressions, split=split, **five) for split in ('train', 'val')],
    'smile': [dict(attributes, split=split, label_column='smile') for split in ('train', 'val')],
    'gender': [dict(attributes, split=split, label_column='gender') for split in ('train', 'val')],
    'glasses': [dict(attributes, split=split, label_column='glasses') for split in ('train', 'val')],
    'gender (UTKFace)': [dict(utkface, split=split, label_column='gender') for split in ('train', 'val')],
}
tasks = dict(
    landmarks=dict(
        type='landmarks',
        images=f'{landmarks}/images',
        train=f'{landmarks}/annotations_train.json',
        test=f'{landmarks}/annotations_test.json',
    ),
    **{name: dict(type='classes', train=train, test=test) for name, (train, test) in parts.items()},
    age=dict(
        type='numbers',
        train=dict(utkface, split='train', label_column='age'),
        test=dict(utkface, split='val', label_column='age'),
    ),
    identity=dict(
        type='pairs',
        train=dict(expressions, split='train', label_column='group'),
        dataset=dict(expressions, split='val', label_column='group'),
    ),
    regions=dict(type='regions', images=f'{landmarks}/images', test=f'{landmarks}/annotations_test.json'),
    **{f'{name}, k-NN': dict(type='neighbours', train=train, test=test) for name, (train, test) in parts.items()},
)
