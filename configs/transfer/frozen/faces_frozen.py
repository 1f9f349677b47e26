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

five = dict(label_column='expression', classes=['neutral', 'happiness', 'surprise', 'sadness', 'anger'])
tasks = dict(
    landmarks=dict(
        type='landmarks',
        images=f'{landmarks}/images',
        train=f'{landmarks}/annotations_train.json',
        test=f'{landmarks}/annotations_test.json',
    ),
    expression=dict(
        type='classes', train=dict(expressions, split='train', **five), test=dict(expressions, split='val', **five)
    ),
    smile=dict(
        type='classes',
        train=dict(attributes, split='train', label_column='smile'),
        test=dict(attributes, split='val', label_column='smile'),
    ),
    gender=dict(
        type='classes',
        train=dict(attributes, split='train', label_column='gender'),
        test=dict(attributes, split='val', label_column='gender'),
    ),
    glasses=dict(
        type='classes',
        train=dict(attributes, split='train', label_column='glasses'),
        test=dict(attributes, split='val', label_column='glasses'),
    ),
    identity=dict(type='pairs', dataset=dict(expressions, split='val', label_column='group')),
)
