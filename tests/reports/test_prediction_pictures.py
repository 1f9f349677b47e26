"""Every sample of a test has a picture of its own, in the folder that was asked for."""

from collections import OrderedDict
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope, init_default_scope
from mmengine.visualization import Visualizer
from mmpretrain.registry import HOOKS, VISUALIZERS
from mmpretrain.structures import DataSample

from fra_plugin.reports.prediction_pictures import PredictionPictures, common_root


def runner_of(visualizer, **dataset):
    return SimpleNamespace(
        visualizer=visualizer,
        test_dataloader=SimpleNamespace(dataset=SimpleNamespace(**dataset)),
        test_evaluator=SimpleNamespace(dataset_meta={}),
    )


def written(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*.*'))


@pytest.fixture
def classes():
    Visualizer._instance_dict.clear()
    visualizer = VISUALIZERS.build(dict(type='UniversalVisualizer', name=f'classes{np.random.rand()}'))
    hook = HOOKS.build(dict(type='VisualizationHook', enable=True, interval=1))
    hook._visualizer = visualizer
    return visualizer, hook


def batch_of(paths, first=0):
    samples = [
        DataSample(metainfo=dict(img_path=str(path), sample_idx=first + i)).set_gt_label(0).set_pred_label(1)
        for i, path in enumerate(paths)
    ]
    return dict(inputs=torch.zeros(len(paths), 3, 40, 40, dtype=torch.uint8), data_samples=samples), samples


def test_pictures_of_equal_names_and_of_the_same_image_stay_apart(classes, tmp_path):
    visualizer, hook = classes
    pictures = PredictionPictures(hook, tmp_path / 'out')
    runner = runner_of(visualizer, data_prefix=dict(img_path=str(tmp_path / 'val')))
    paths = [tmp_path / 'val' / name for name in ('joy/0.jpg', 'sad/0.jpg', 'sad/0.jpg', 'sad/0.png')]
    for start in (0, 2):  # two batches
        pictures.after_test_iter(runner, start // 2, *batch_of(paths[start : start + 2], start))
    assert written(tmp_path / 'out') == ['joy/0.jpg_0.png', 'sad/0.jpg_1.png', 'sad/0.jpg_2.png', 'sad/0.png_3.png']
    assert cv2.imread(str(tmp_path / 'out' / 'joy/0.jpg_0.png')).any()  # the label is drawn on the black image


def test_one_in_so_many_is_drawn_over_batches_of_any_size(classes, tmp_path):
    visualizer, hook = classes
    pictures = PredictionPictures(hook, tmp_path / 'out', interval=3)
    runner = runner_of(visualizer, data_prefix='', data_root=str(tmp_path))
    for start, count in ((0, 4), (4, 4), (8, 1)):
        pictures.after_test_iter(
            runner, 0, *batch_of([tmp_path / f'{i}.jpg' for i in range(start, start + count)], start)
        )
    assert written(tmp_path / 'out') == ['0.jpg_0.png', '3.jpg_3.png', '6.jpg_6.png']


def test_images_outside_the_data_folder_and_with_names_of_any_bytes_are_drawn(classes, tmp_path):
    visualizer, hook = classes
    pictures = PredictionPictures(hook, tmp_path / 'out')
    runner = runner_of(visualizer, data_prefix=dict(img_path=str(tmp_path / 'val')))
    visualizer.dataset_meta = dict(classes=['Ren\udce9', '$x_^$'])
    long = f'{"x" * 250}.jpg'
    pictures.after_test_iter(
        runner, 0, *batch_of(['/elsewhere/a.jpg', tmp_path / 'val' / 'Ren\udce9.jpg', tmp_path / 'val' / long])
    )
    names = written(tmp_path / 'out')
    assert len(names) == 3 and {'elsewhere/a.jpg_0.png', 'Ren\udce9.jpg_1.png'} < set(names)


def test_the_root_holds_the_images_of_every_wrapped_data_set():
    one, two = SimpleNamespace(data_prefix=dict(img_path='/d/a')), SimpleNamespace(data_prefix='', data_root='/d/b')
    assert common_root(one) == '/d/a'
    assert common_root(SimpleNamespace(dataset=one)) == '/d/a'
    assert common_root(SimpleNamespace(datasets=[one, SimpleNamespace(dataset=two)])) == '/d'


def test_faces_of_one_photo_are_drawn_apart_by_mmposes_hook(tmp_path, monkeypatch):
    pytest.importorskip('mmpose.models')
    from mmengine.structures import InstanceData
    from mmpose.registry import HOOKS as POSE_HOOKS
    from mmpose.registry import VISUALIZERS as POSE_VISUALIZERS
    from mmpose.structures import PoseDataSample

    monkeypatch.setattr(DefaultScope, '_instance_dict', OrderedDict())
    init_default_scope('mmpose')
    Visualizer._instance_dict.clear()
    visualizer = POSE_VISUALIZERS.build(dict(type='PoseLocalVisualizer', name=f'faces{np.random.rand()}'))
    hook = POSE_HOOKS.build(dict(type='PoseVisualizationHook', enable=True, interval=1))
    hook._visualizer = visualizer
    (tmp_path / 'a').mkdir()
    (tmp_path / 'b').mkdir()
    samples = []
    for number, name in enumerate(['a/0.png', 'a/0.png', 'b/0.png']):
        cv2.imwrite(str(tmp_path / name), np.zeros((40, 40, 3), np.uint8))
        points = InstanceData(
            keypoints=np.full((1, 5, 2), 5.0 + 10 * number), keypoint_scores=np.ones((1, 5)),
            keypoints_visible=np.ones((1, 5)), bboxes=np.array([[0.0, 0, 40, 40]]), bbox_scores=np.ones(1),
        )  # fmt: skip
        samples.append(PoseDataSample(metainfo=dict(img_path=str(tmp_path / name), id=number)))
        samples[-1].pred_instances = points
        samples[-1].gt_instances = points
    pictures = PredictionPictures(hook, tmp_path / 'out')
    pictures.after_test_iter(runner_of(visualizer, data_prefix=dict(img=str(tmp_path))), 0, {}, samples)
    assert written(tmp_path / 'out') == ['a/0.png_0.png', 'a/0.png_1.png', 'b/0.png_2.png']
    first, second = (cv2.imread(str(tmp_path / 'out' / f'a/0.png_{i}.png')) for i in range(2))
    assert first.any() and not np.array_equal(first, second)
