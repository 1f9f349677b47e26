"""Data sets whose samples carry their test subsets up to the metric."""

import json

import cv2
import numpy as np
import pytest

pytest.importorskip('mmpose')

from mmengine.registry import METRICS
from mmpose.datasets.transforms import PackPoseInputs
from mmpose.registry import DATASETS

from fra_plugin.datasets.landmarks.landmark_json import LandmarkJson
from fra_plugin.landmark.face_300w_subset_dataset import subsets_of


def dataset(kind, ann_file, images='', pipeline=()):
    return DATASETS.build(
        dict(
            type=f'mmpose.{kind}',
            ann_file=str(ann_file),
            data_prefix=dict(img=str(images)),
            test_mode=True,
            pipeline=list(pipeline),
        )
    )


def made_file(folder, num_points, names, **entries):
    faces = LandmarkJson()
    for seed, name in enumerate(names):
        points = np.random.default_rng(seed).uniform(10, 50, (num_points, 2))
        faces.add(name, (64, 64), points, **{key: values[seed] for key, values in entries.items()})
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), np.full((64, 64, 3), seed, np.uint8))
    faces.write(str(folder / 'faces.json'))
    return folder / 'faces.json'


@pytest.mark.parametrize(
    'kind, num_points, extra',
    [
        ('WFLWSubsetDataset', 98, {}),
        ('AFLWSubsetDataset', 19, dict(box_size=[40.0, 40.0])),
        ('Face300WSubsetDataset', 68, {}),
    ],
)
def test_subsets_reach_the_metric_through_mmposes_pipeline(tmp_path, kind, num_points, extra):
    ann_file = made_file(tmp_path, num_points, ['a.png', 'b.png'], subsets=[['blur', 'pose'], []], **extra)
    data = dataset(kind, ann_file, tmp_path, [dict(type='mmpose.LoadImage'), PackPoseInputs()])
    metric = METRICS.build(dict(type='FaceAlignmentMetric', norm='box_size'))
    for item in data:
        sample = item['data_samples'].to_dict()
        sample['pred_instances'] = dict(keypoints=sample['gt_instances']['keypoints'] + 1)
        metric.process([], [sample])
    result = metric.evaluate(2)
    assert result['NME_box_size'] > 0 and {'blur/NME_box_size', 'pose/FR_box_size@0.1'} <= set(result)


@pytest.mark.parametrize('kind, name', [('WFLW', 'wflw'), ('Face300W', '300w'), ('AFLW', 'aflw')])
def test_mmposes_own_files_load_as_in_mmpose(real_data, kind, name):
    ann_file = real_data / f'mmpose_face_samples/{name}/test_{name}.json'
    ours, theirs = dataset(f'{kind}SubsetDataset', ann_file), dataset(f'{kind}Dataset', ann_file)
    assert len(ours) == len(theirs) > 0
    for mine, other in zip(ours, theirs):
        assert set(mine) - set(other) == {'raw_ann_info'}
        np.testing.assert_equal(mine['keypoints'], other['keypoints'])


@pytest.mark.parametrize(
    'file_name, subsets',
    [
        ('ibug/image_092 _01.jpg', ['challenge', 'full']),
        ('helen/testset/1.jpg', ['common', 'full']),
        ('lfpw\\testset\\image_0001.png', ['common', 'full']),
        ('helen/trainset/1.jpg', []),
        ('afw/ibug.jpg', []),
        ('300W/01_Indoor/indoor_001.png', []),
    ],
)
def test_300w_subsets_follow_the_folders(file_name, subsets):
    assert subsets_of(file_name) == subsets


def test_an_annotations_own_subsets_win(tmp_path):
    ann_file = made_file(tmp_path, 68, ['ibug/a.png', 'ibug/b.png'], subsets=[['mine'], []])
    data = dataset('Face300WSubsetDataset', ann_file, tmp_path)
    assert [sample['raw_ann_info']['subsets'] for sample in data] == [['mine'], []]
    content = json.loads(ann_file.read_text())
    for face in content['annotations']:
        del face['subsets']
    ann_file.write_text(json.dumps(content))
    assert dataset('Face300WSubsetDataset', ann_file, tmp_path)[0]['raw_ann_info']['subsets'] == ['challenge', 'full']
