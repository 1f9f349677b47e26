"""The picture of the regions: there, everywhere, in time, and without a trace in the model."""

import logging
import sys
from pathlib import Path
from unittest.mock import MagicMock

import cv2
import numpy as np
import pytest
import torch
from watched_run import SIZE, byol, make_runner, write_faces

from fra_plugin.apis import FRAFeatures
from fra_plugin.datasets import LandmarkFaces
from fra_plugin.engine.hooks import region_heatmap_hook
from fra_plugin.engine.hooks.region_heatmap_hook import RegionHeatmapHook

HOOK = dict(type='RegionHeatmapHook', num_faces=3, image_size=SIZE, face_size=40)


@pytest.fixture
def faces(tmp_path):
    return write_faces(tmp_path / 'faces')


def test_pictures_before_training_and_after_each_epoch_in_the_folder_and_the_backend(tmp_path, faces):
    runner = make_runner(
        tmp_path / 'run',
        faces,
        [dict(HOOK, dataset=dict(type='FaceFolder', data_prefix=str(faces), cache_dir=str(tmp_path)))],
    )
    runner.train()
    pictures = sorted(path.name for path in (tmp_path / 'run' / 'regions').iterdir())
    assert pictures == ['iter_00000000.jpg', 'iter_00000002.jpg', 'iter_00000004.jpg']
    (backend,) = Path(runner.work_dir).glob('*/vis_data/vis_image')
    assert sorted(path.name for path in backend.iterdir()) == ['regions_0.png', 'regions_2.png', 'regions_4.png']
    width = cv2.imread(str(tmp_path / 'run' / 'regions' / pictures[0])).shape[1]
    assert width == 3 * 40 + 4 * 4


WRAPPERS = dict(
    concat=lambda face: dict(type='ConcatDataset', datasets=[face, face]),
    repeat=lambda face: dict(type='RepeatDataset', times=2, dataset=face),
)


@pytest.mark.parametrize('wrapper, loop', [('concat', 'ReliableTrainLoop'), ('repeat', 'EpochBasedTrainLoop')])
def test_wrapped_folders_are_trained_on_and_shown_and_their_broken_files_named(tmp_path, faces, wrapper, loop):
    (faces / 'class_0' / '0.png').write_bytes(b'no image')
    loader = make_runner(tmp_path / 'run', faces, []).cfg.train_dataloader
    loader = dict(loader.to_dict(), drop_last=False)
    loader['dataset'] = WRAPPERS[wrapper](loader['dataset'])
    make_runner(
        tmp_path / 'wrapped',
        faces,
        [dict(HOOK), dict(type='BrokenImageHook', max_share=1.0)],
        train_dataloader=loader,
        train_cfg=dict(type=loop, max_epochs=1),
    ).train()
    assert (tmp_path / 'wrapped' / 'regions' / 'iter_00000000.jpg').is_file()
    assert (tmp_path / 'wrapped' / 'broken_images.txt').read_text().startswith(f'{faces}/class_0/0.png\tnot an image')


def backends(*others):
    return dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend'), *others])


def test_pictures_and_monitors_reach_tensorboard(tmp_path, faces):
    accumulator = pytest.importorskip('tensorboard.backend.event_processing.event_accumulator')
    make_runner(
        tmp_path / 'run',
        faces,
        [dict(HOOK), dict(type='CollapseMonitorHook', interval=1)],
        epochs=1,
        visualizer=backends(dict(type='TensorboardVisBackend')),
    ).train()
    (events,) = (tmp_path / 'run').glob('*/vis_data/events.out*')
    seen = accumulator.EventAccumulator(str(events)).Reload()
    assert [event.step for event in seen.Images('regions')] == [0, 2]
    assert [event.step for event in seen.Scalars('embedding/global_rank')] == [1, 2]


def test_pictures_reach_weights_and_biases(tmp_path, faces, monkeypatch):
    wandb = MagicMock()  # the service needs an account
    monkeypatch.setitem(sys.modules, 'wandb', wandb)
    make_runner(
        tmp_path / 'run', faces, [dict(HOOK)], epochs=1, visualizer=backends(dict(type='WandbVisBackend'))
    ).train()
    pictures = [call.args[0]['regions'] for call in wandb.log.call_args_list if 'regions' in call.args[0]]
    assert len(pictures) == 2 and wandb.Image.call_args.args[0].shape[2] == 3


def test_landmarks_name_the_regions_in_the_picture(tmp_path, faces, monkeypatch):
    names = []
    monkeypatch.setattr(
        region_heatmap_hook,
        'region_sheet',
        lambda *args, **kwargs: names.append(kwargs['names']) or np.zeros((8, 8, 3), np.uint8),
    )
    landmarks = dict(type='LandmarkFaces', ann_file=str(faces / 'landmarks.json'), data_prefix=str(faces))
    runner = make_runner(tmp_path / 'run', faces, [dict(HOOK, landmarks=landmarks)], epochs=1)
    runner.train()
    assert len(names) == 2 and all(len(part) == 4 and any(part) for part in names)
    features = FRAFeatures(tmp_path / 'run' / 'epoch_1.pth', device='cpu', size=SIZE)
    assert features.name_regions(LandmarkFaces(str(faces / 'landmarks.json'), str(faces), SIZE)).names() == names[-1]
    with pytest.raises(FileNotFoundError, match='nowhere.json'):
        make_runner(tmp_path / 'no', faces, [dict(HOOK, landmarks=dict(landmarks, ann_file='nowhere.json'))]).train()


def test_interval_in_iterations(tmp_path, faces):
    runner = make_runner(tmp_path / 'run', faces, [dict(HOOK, interval=3, by_epoch=False)])
    runner.train()
    names = sorted(path.name for path in (tmp_path / 'run' / 'regions').iterdir())
    assert names == ['iter_00000000.jpg', 'iter_00000003.jpg']


def test_training_is_the_same_bit_by_bit_with_and_without(tmp_path, faces):
    states = []
    for name, hooks in (('with', [dict(HOOK, interval=1, by_epoch=False)]), ('without', [])):
        runner = make_runner(tmp_path / name, faces, hooks)
        runner.train()
        states.append(runner.model.state_dict())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_missing_held_out_faces_are_replaced_by_training_faces_with_a_warning(tmp_path, faces, caplog):
    runner = make_runner(
        tmp_path / 'run',
        faces,
        [dict(HOOK, dataset=dict(type='FaceFolder', data_prefix=str(tmp_path / 'nowhere')))],
        epochs=1,
    )
    runner.logger.addHandler(caplog.handler)
    runner.train()
    (warning,) = [record for record in caplog.records if 'held-out faces' in record.getMessage()]
    assert warning.levelno == logging.WARNING and 'nowhere' in warning.getMessage()
    assert (tmp_path / 'run' / 'regions' / 'iter_00000002.jpg').is_file()


def test_a_model_without_heatmaps_is_refused(tmp_path, faces):
    with pytest.raises(TypeError, match='BYOL has none'):
        make_runner(tmp_path / 'run', faces, [dict(HOOK)], model=byol()).train()


@pytest.mark.parametrize('name', ['num_faces', 'image_size', 'interval', 'face_size'])
def test_numbers_out_of_range_are_refused(name):
    with pytest.raises(ValueError, match=f'{name} must be at least 1, got 0'):
        RegionHeatmapHook(**{name: 0})
