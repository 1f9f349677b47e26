"""Two processes give the results of one: the faces that fill up the last batch of the second are counted once."""

import json

import face_layouts
import pytest
import torch
import torch.multiprocessing as mp
from mmengine.dataset import DefaultSampler
from mmengine.evaluator import Evaluator
from mmpretrain.structures import DataSample

from fra_plugin.datasets import FacePairs

FACES = 5


def predictions():
    """Five faces whose results change if any of them is counted twice."""
    generator = torch.Generator().manual_seed(0)
    return [
        DataSample(metainfo=dict(sample_idx=i, img_path=f'/faces/{i}.jpg'), feature=torch.randn(4, generator=generator))
        .set_gt_label(int(i > 2))
        .set_pred_label(int(i in (1, 4)))
        .set_pred_score(torch.rand(3, generator=generator))
        .set_gt_score(torch.tensor([i % 2, i == 0, i > 2]).float())
        for i in range(FACES)
    ]


def evaluate(folder):
    pairs = [(0, 1, True, 0), (1, 2, False, 0), (2, 3, True, 1), (3, 4, False, 1)]
    evaluator = Evaluator(
        [
            dict(type='mmpretrain.Accuracy'),
            dict(type='mmpretrain.ClassAccuracy', picture=False),
            dict(type='mmpretrain.AttributeMetric'),
            dict(type='mmpretrain.VerificationMetric', far=[0.5]),
            dict(type='mmpretrain.AbsoluteErrorMetric', tolerances=(0.5,)),
            dict(
                type='mmpretrain.GroupAccuracy',
                ann_file=f'{folder}/groups.csv',
                data_prefix='/faces',
                group_columns=['g'],
            ),
        ]
    )
    evaluator.dataset_meta = dict(classes=('a', 'b', 'c'), pairs=pairs)
    samples = predictions()
    for index in DefaultSampler(samples, shuffle=False):
        evaluator.process([samples[index]])
    return evaluator.evaluate(FACES)


def process(rank, folder):
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/meet', rank=rank, world_size=2)
    with open(f'{folder}/{rank}.json', 'w') as file:
        json.dump(evaluate(folder), file)


def test_two_processes_give_the_results_of_one(tmp_path):
    groups = [[f'{i}.jpg', 'ab'[i // 3]] for i in range(FACES)]
    face_layouts.table(tmp_path / 'groups.csv', [['path', 'g'], *groups])
    mp.start_processes(process, args=(str(tmp_path),), nprocs=2, start_method='fork')
    one = json.loads(json.dumps(evaluate(tmp_path)))
    assert one['accuracy/top1'] not in (0, 50, 100)  # 6 faces could not give it
    for rank in range(2):
        assert json.loads((tmp_path / f'{rank}.json').read_text()) == one


def test_pairs_reach_the_metric_through_the_data_sets_meta_information(tmp_path):
    face_layouts.lfw(tmp_path)
    assert len(FacePairs('pairs.txt', tmp_path, 'lfw').metainfo['pairs']) == 40
    with pytest.raises(ValueError, match='two folds'):
        face_layouts.lfw(tmp_path / 'one', folds=1, size=1)
        evaluator = Evaluator(dict(type='mmpretrain.VerificationMetric', folds=2))
        evaluator.dataset_meta = FacePairs('pairs.txt', tmp_path / 'one', 'lfw').metainfo
        evaluator.process([DataSample(metainfo=dict(sample_idx=i), feature=torch.ones(2)) for i in range(3)])
        evaluator.evaluate(3)
