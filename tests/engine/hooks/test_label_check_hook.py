"""Head and data that disagree end in one line before the first step."""

import face_layouts
import pytest
import torch
from face_layouts import face, table
from mmengine.config import Config

from fra_plugin.command import build_runner

PIPELINE = [dict(type='LoadFace'), dict(type='Resize', scale=(32, 32)), dict(type='PackInputs')]
BACKBONE = dict(type='ResNet', depth=18, stem_channels=4, base_channels=4)


@pytest.fixture(autouse=True)
def no_pretty_configs(monkeypatch):
    """A Runner formats its config six times, which takes longer than all the rest."""
    monkeypatch.setattr(Config, 'pretty_text', property(lambda cfg: ''))


def config(root, train, val=None, num_classes=3, multi=False, **entries):
    """A small classifier on two data sets."""

    def loader(dataset):
        dataset = dict(dataset, pipeline=PIPELINE) if 'dataset' not in dataset else dataset
        sampler, collate = dict(type='DefaultSampler', shuffle=False), dict(type='default_collate')
        return dict(batch_size=3, num_workers=0, dataset=dataset, sampler=sampler, collate_fn=collate)

    loss = dict(type='CrossEntropyLoss', use_sigmoid=multi)
    kind = 'MultiLabelLinearClsHead' if multi else 'LinearClsHead'
    head = dict(type=kind, num_classes=num_classes, in_channels=32, loss=loss)
    validation = dict(
        val_dataloader=loader(val or train),
        test_dataloader=loader(val or train),
        val_evaluator=dict(type='Accuracy', topk=(1,)),
        test_evaluator=dict(type='Accuracy', topk=(1,)),
        val_cfg=dict(),
        test_cfg=dict(),
    )
    return Config(
        dict(
            default_scope='mmpretrain',
            model=dict(type='ImageClassifier', backbone=BACKBONE, neck=dict(type='GlobalAveragePooling'), head=head),
            train_dataloader=loader(train),
            train_cfg=dict(by_epoch=True, max_epochs=1),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
            default_hooks=dict(logger=dict(type='LoggerHook')),
            work_dir=str(root / 'work'),
            launcher='none',
            **validation,
            **entries,
        )
    )


def refused(cfg, mode='train'):
    """The message of the error, which comes before the first step."""
    runner = build_runner(cfg)
    with pytest.raises(ValueError) as error:
        getattr(runner, mode)()
    assert runner.iter == 0
    return str(error.value)


@pytest.fixture
def faces(tmp_path):
    """anger, joy and sad in train; joy and sad in val; as folders and as csv files."""
    for part, names in (('train', ['anger', 'joy', 'sad']), ('val', ['joy', 'sad'])):
        rows = [['path', 'label']]
        for name in names:
            face(tmp_path / part / name / '0.jpg', size=32)
            rows.append([f'{part}/{name}/0.jpg', name])
        table(tmp_path / f'{part}.csv', rows)
    return tmp_path


def folders(root, part, **entries):
    return dict(type='CustomDataset', data_root=str(root), data_prefix=part, **entries)


def csv(root, part, **entries):
    return dict(type='FaceCSV', data_root=str(root), ann_file=f'{part}.csv', **entries)


@pytest.mark.parametrize('num_classes', [2, 4])
@pytest.mark.parametrize('data', [folders, csv])
def test_another_number_of_classes_is_refused_with_both_numbers_and_the_classes(faces, num_classes, data):
    message = refused(config(faces, data(faces, 'train'), num_classes=num_classes))
    assert message == f'model.head.num_classes={num_classes}, but the training data has 3: anger, joy, sad'


def test_a_wrapped_data_set_is_looked_into(faces):
    repeated = dict(type='RepeatDataset', times=2, dataset=dict(csv(faces, 'train'), pipeline=PIPELINE))
    assert 'but the training data has 3: anger, joy, sad' in refused(config(faces, repeated, num_classes=2))


@pytest.mark.parametrize('data', [folders, csv])
def test_a_split_that_numbers_its_classes_anew_is_refused(faces, data):
    message = refused(config(faces, data(faces, 'train'), data(faces, 'val')))
    assert message.startswith(
        'the validation data has the 2 classes joy, sad, but the training data the 3 anger, joy, sad'
    )
    assert 'the test data' not in message and 'classes_from' in message


def test_what_the_message_advises_works(faces):
    runner = build_runner(config(faces, csv(faces, 'train'), csv(faces, 'val', classes_from='train.csv')))
    runner.train()
    assert runner.iter == 1


def test_a_test_alone_is_checked_by_the_head_and_by_the_classes_of_the_checkpoint(faces):
    cfg = config(faces, csv(faces, 'train'), csv(faces, 'val', classes_from='train.csv'))
    build_runner(cfg).train()
    checkpoint = dict(
        state_dict=build_runner(cfg).model.state_dict(), meta=dict(dataset_meta=dict(classes=['anger', 'joy', 'sad']))
    )
    torch.save(checkpoint, faces / 'epoch_1.pth')
    path = str(faces / 'epoch_1.pth')
    cfg = config(faces, csv(faces, 'train'), csv(faces, 'val'), load_from=path)
    assert refused(cfg, 'test') == 'model.head.num_classes=3, but the test data has 2: joy, sad'
    other = csv(faces, 'val', classes=['joy', 'sad', 'anger'])
    message = refused(config(faces, other, other, load_from=path), 'test')
    assert message.startswith(f'the test data has the 3 classes joy, sad, anger, but {path} the 3 anger, joy, sad')
    # Weights to start from may be of another task.
    build_runner(config(faces, other, other, load_from=path)).train()
    message = refused(config(faces, other, other, load_from=path, resume=True))
    assert message.startswith(f'the training data has the 3 classes joy, sad, anger, but {path}')


def test_labels_of_a_data_set_without_names_are_looked_at(faces):
    (faces / 'list.txt').write_text('anger/0.jpg 0\njoy/0.jpg 1\nsad/0.jpg 3\n')
    listed = folders(faces, 'train', ann_file='list.txt')
    assert refused(config(faces, listed)) == 'model.head.num_classes=3, but the training data has labels up to 3'
    named = dict(listed, metainfo=dict(classes=('anger', 'joy', 'sad')))
    assert 'labels up to 3; its classes are anger, joy, sad' in refused(config(faces, named))
    build_runner(config(faces, listed, num_classes=4)).train()


def test_another_number_of_attributes_is_refused(tmp_path):
    face_layouts.face_csv(tmp_path)
    attributes = csv(tmp_path, 'labels', attribute_columns=['smile', 'glasses'])
    message = refused(config(tmp_path, attributes, multi=True))
    assert message == 'model.head.num_classes=3, but the training data has 2: smile, glasses'


def test_data_without_labels_are_no_ones_business(faces):
    cfg = config(faces, csv(faces, 'train'))
    runner = build_runner(cfg)
    runner.model.head = torch.nn.Identity()
    hook = next(hook for hook in runner.hooks if type(hook).__name__ == 'LabelCheckHook')
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    hook.before_run(runner)


@pytest.mark.parametrize(
    'head',
    [
        dict(type='HeatmapHead', out_channels=98, in_channels=32, deconv_out_channels=(4,), deconv_kernel_sizes=(4,)),
        dict(type='RLEHead', num_joints=98, in_channels=32),
        dict(type='STARHead', num_joints=98, in_channels=32, in_featuremap_size=(2, 2), deconv_out_channels=(8, 8, 8)),
    ],
)
def test_another_number_of_landmarks_is_refused(tmp_path, head):
    pytest.importorskip('mmpose')
    import fra_plugin.landmark  # noqa: F401
    from fra_plugin.datasets.landmarks.landmark_json import LandmarkJson

    written = LandmarkJson()
    face(tmp_path / '0.png', size=64)
    written.add('0.png', (64, 64), torch.rand(68, 2).numpy() * 40 + 10)
    written.write(str(tmp_path / 'faces.json'))
    dataset = dict(type='Face300WDataset', ann_file=str(tmp_path / 'faces.json'), data_prefix=dict(img=str(tmp_path)))
    cfg = Config(
        dict(
            default_scope='mmpose',
            model=dict(type='TopdownPoseEstimator', backbone=BACKBONE, head=head),
            train_dataloader=dict(batch_size=1, num_workers=0, dataset=dataset, sampler=dict(type='DefaultSampler')),
            train_cfg=dict(by_epoch=True, max_epochs=1),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
            work_dir=str(tmp_path / 'work'),
            launcher='none',
        )
    )
    name = 'out_channels' if head['type'] == 'HeatmapHead' else 'num_joints'
    assert refused(cfg) == f'model.head.{name}=98 landmarks, but the training data (Face300WDataset) has 68'
