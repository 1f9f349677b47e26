"""Online evaluation: known answers, in time, chooses the best checkpoint, and leaves no trace."""

import json
from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp
from mmengine.hooks import Hook
from watched_run import SIZE, byol, make_runner, scalars, write_faces
from watching_process import evaluate, worker

from fra_plugin.engine.hooks.online_eval_hook import OnlineEvalHook
from fra_plugin.engine.hooks.untouched import untouched

METRICS = {
    'knn/accuracy',
    'linear/accuracy',
    'verification/accuracy',
    'verification/accuracy_std',
    'verification/auc',
    'verification/tar@far=0.1',
    'verification/tar@far=0.01',
    'region/nmi',
    'region/nmi_grid',
    'region/view_agreement',
}


@pytest.fixture
def faces(tmp_path):
    return write_faces(tmp_path / 'faces')


def hook(faces, **kwargs):
    labelled = dict(type='CustomDataset', data_root=str(faces))
    config = dict(
        type='OnlineEvalHook', labelled=labelled, image_size=SIZE, interval=1, num_workers=0, neighbours=3,
        pairs=dict(type='FacePairs', ann_file=str(faces / 'pairs.csv'), data_prefix=str(faces)),
        landmarks=dict(type='LandmarkFaces', ann_file=str(faces / 'landmarks.json'), data_prefix=str(faces)))  # yapf: disable
    config.update(kwargs)
    return config


def reports(runner):
    return [record for record in scalars(runner) if 'knn/accuracy' in record]


def test_all_numbers_after_each_epoch_and_colours_are_told_apart(tmp_path, faces, caplog):
    runner = make_runner(tmp_path / 'run', faces, [hook(faces)])
    runner.logger.addHandler(caplog.handler)
    runner.train()
    found = reports(runner)
    assert [record['step'] for record in found] == [2, 4]
    assert all(set(record) - {'step', 'iter'} == METRICS for record in found)
    assert found[-1]['knn/accuracy'] == found[-1]['linear/accuracy'] == 100  # red against green
    lines = [r.getMessage() for r in caplog.records if r.getMessage().startswith('Online evaluation')]
    assert len(lines) == 2 and 'knn/accuracy: 100.0000' in lines[1]


def test_the_end_of_the_training_is_evaluated_once(tmp_path, faces):
    for epochs, interval, expected in ((3, 2, [4, 6]), (2, 2, [4])):
        runner = make_runner(
            tmp_path / f'{epochs}', faces, [hook(faces, interval=interval, pairs=None, landmarks=None)], epochs=epochs
        )
        runner.train()
        assert [record['step'] for record in reports(runner)] == expected


def test_interval_in_iterations(tmp_path, faces):
    runner = make_runner(tmp_path / 'run', faces, [hook(faces, interval=3, by_epoch=False, pairs=None, landmarks=None)])
    runner.train()
    assert [record['step'] for record in reports(runner)] == [3, 4]


def test_training_is_the_same_bit_by_bit_with_and_without(tmp_path, faces):
    states, randoms = [], []
    for name, hooks in (('with', [hook(faces, interval=1, by_epoch=False)]), ('without', [])):
        runner = make_runner(tmp_path / name, faces, hooks)
        runner.train()
        states.append(runner.model.state_dict())
        randoms.append(torch.get_rng_state())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())
    assert torch.equal(*randoms)


def test_save_best_keeps_the_checkpoint_of_the_best_evaluation(tmp_path, faces, monkeypatch):
    scores = iter([10.0, 30.0, 20.0])
    weights = []

    def evaluate(self, model):
        weights.append(model.backbone.conv1.weight.detach().clone())
        return {'knn/accuracy': next(scores)}

    monkeypatch.setattr(OnlineEvalHook, 'evaluate', evaluate)
    runner = make_runner(
        tmp_path / 'run',
        faces,
        [hook(faces)],
        epochs=3,
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', interval=1, save_best='knn/accuracy', rule='greater')
        ),
    )
    runner.train()
    (best,) = Path(runner.work_dir).glob('best_*')
    assert best.name == 'best_knn_accuracy_epoch_2.pth'
    state = torch.load(best, map_location='cpu', weights_only=False)
    assert torch.equal(state['state_dict']['backbone.conv1.weight'], weights[1])
    last = torch.load(Path(runner.work_dir) / 'epoch_2.pth', map_location='cpu', weights_only=False)
    assert (last['meta']['epoch'], last['meta']['iter']) == (2, 4)


def test_a_resumed_run_evaluates_what_was_cut_off_but_nothing_in_the_middle_of_an_epoch(tmp_path, faces):
    runner = make_runner(tmp_path / 'run', faces, [hook(faces, pairs=None, landmarks=None)])
    evaluation = next(h for h in runner.hooks if isinstance(h, OnlineEvalHook))
    evaluated = []
    evaluation.run = lambda runner: evaluated.append((runner.epoch, runner.iter))
    runner._train_loop, evaluation._epoch_ended = runner.build_train_loop(runner._train_loop), False
    for epoch, iteration in ((1, 2), (1, 3), (0, 0)):
        runner.train_loop._epoch, runner.train_loop._iter = epoch, iteration
        evaluation.before_train_epoch(runner)
    assert evaluated == [(1, 2)]


def test_a_run_that_was_stopped_early_ends_without_evaluation(tmp_path, faces):
    class Stop(Hook):
        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            runner.train_loop.stop_training = runner.iter + 1 == 3

    runner = make_runner(
        tmp_path / 'run',
        faces,
        [hook(faces, interval=10, pairs=None, landmarks=None)],
        epochs=9,
        train_cfg=dict(type='ReliableTrainLoop', max_epochs=9),
    )
    runner.register_hook(Stop())
    runner.train()
    assert runner.iter == 3
    assert reports(runner) == []


def test_inside_an_epoch_only_checkpoints_that_count_iterations_are_chosen(tmp_path, faces):
    for by_epoch, expected in ((True, []), (False, ['best_knn_accuracy_iter_1.pth'])):
        runner = make_runner(
            tmp_path / str(by_epoch),
            faces,
            [hook(faces, interval=1, by_epoch=False, pairs=None, landmarks=None)],
            epochs=1,
            default_hooks=dict(
                checkpoint=dict(
                    type='CheckpointHook', interval=1, by_epoch=by_epoch, save_best='knn/accuracy', rule='greater'
                )
            ),
        )
        runner.train()
        assert [path.name for path in Path(runner.work_dir).glob('best_*')] == expected


def test_another_self_supervised_model_is_evaluated(tmp_path, faces):
    runner = make_runner(tmp_path / 'run', faces, [hook(faces, landmarks=None)], model=byol(), epochs=1)
    runner.train()
    (record,) = reports(runner)
    assert set(record) - {'step', 'iter'} == {name for name in METRICS if not name.startswith('region/')}


def test_features_are_those_of_the_backbone_image_by_image(tmp_path, faces):
    runner = make_runner(tmp_path / 'run', faces, [hook(faces, batch_size=3, pairs=None, landmarks=None)])
    evaluation = next(h for h in runner.hooks if isinstance(h, OnlineEvalHook))
    evaluation.before_train(runner)
    dataset, model = evaluation.labelled_sets[0], runner.model
    with untouched(model):
        features = evaluation._features(model, dataset)
        for index in (0, 4, 9):
            image = dataset[index]['inputs'].flip(0)[None].float()  # BGR to RGB
            expected = model.backbone((image - 128) / 64)[-1].mean(dim=(2, 3))
            torch.testing.assert_close(features[index : index + 1], expected, rtol=1e-4, atol=1e-5)


def test_features_that_are_not_finite_end_no_run(tmp_path, faces, monkeypatch, caplog):
    features = OnlineEvalHook._features
    monkeypatch.setattr(OnlineEvalHook, '_features', lambda *args: features(*args) * float('nan'))
    runner = make_runner(
        tmp_path / 'run',
        faces,
        [hook(faces)],
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', interval=1, save_best='knn/accuracy', rule='greater')
        ),
    )
    runner.logger.addHandler(caplog.handler)
    runner.train()
    assert runner.iter == runner.max_iters and caplog.text.count('the features are not finite') == 2
    assert not reports(runner) and not list(Path(runner.work_dir).glob('best_*'))


@pytest.mark.parametrize(
    'kwargs, error, message',
    [
        (
            dict(landmarks=dict(type='LandmarkFaces', ann_file='nowhere.json', data_prefix='')),
            FileNotFoundError,
            'nowhere',
        ),
        (
            dict(
                labelled=dict(type='FaceCSV', ann_file='pairs.csv', image_column='path_a', attribute_columns=['same'])
            ),
            ValueError,
            'FaceCSV has no faces with one label',
        ),
    ],
)
def test_data_that_cannot_be_evaluated_is_refused_before_training(tmp_path, faces, kwargs, error, message):
    if 'labelled' in kwargs:
        kwargs = dict(labelled=dict(kwargs['labelled'], data_root=str(faces)))
    runner = make_runner(tmp_path / 'run', faces, [hook(faces, **kwargs)])
    with pytest.raises(error, match=message):
        runner.train()
    assert runner.iter == 0


def test_parts_that_number_their_classes_differently_are_refused_before_training(tmp_path, faces):
    for name, classes in (('a.csv', '01'), ('b.csv', '1')):
        rows = [f'class_{label}/{i}.png,{label}\n' for label in classes for i in range(5)]
        (faces / name).write_text('path,label\n' + ''.join(rows))
    labelled = [dict(type='FaceCSV', data_root=str(faces), ann_file=name) for name in ('a.csv', 'b.csv')]
    runner = make_runner(tmp_path / 'run', faces, [hook(faces, labelled=labelled)])
    with pytest.raises(ValueError, match='its test part has the 1 classes 1, but .* the 2 0, 1'):
        runner.train()


def test_labels_of_wrapped_data_sets_are_found(faces):
    plain = dict(type='CustomDataset', data_root=str(faces))
    config = hook(faces, landmarks=None, pairs=None)
    expected = evaluate(config)
    pipeline = [dict(type='LoadFace'), dict(type='Resize', scale=(SIZE, SIZE)), dict(type='PackInputs')]
    wrapped = dict(type='RepeatDataset', times=1, dataset=dict(plain, pipeline=pipeline))
    assert evaluate(dict(config, labelled=wrapped)) == pytest.approx(expected)


def test_landmarks_of_a_model_without_heatmaps_are_refused(tmp_path, faces):
    with pytest.raises(TypeError, match='BYOL has none'):
        make_runner(tmp_path / 'run', faces, [hook(faces)], model=byol()).train()


@pytest.mark.parametrize(
    'kwargs, message',
    [
        (dict(), 'nothing to evaluate'),
        (dict(pairs=dict(), labelled=[dict()] * 3), 'got 3'),
        *[
            (dict(pairs=dict(type='x'), **{name: 0}), f'{name} must be at least 1, got 0')
            for name in ('image_size', 'interval', 'neighbours', 'batch_size')
        ],
    ],
)
def test_bad_arguments_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        OnlineEvalHook(**kwargs)


def test_two_processes_find_what_one_finds(tmp_path, faces):
    config = hook(faces, batch_size=2)
    mp.spawn(worker, args=(str(tmp_path), config), nprocs=2)
    found = [json.loads((tmp_path / f'rank{rank}.json').read_text()) for rank in range(2)]
    assert found[0] == found[1] == pytest.approx(evaluate(config), abs=1e-4)
