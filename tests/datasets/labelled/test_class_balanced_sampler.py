"""Balanced draws: even classes, another order each epoch, disjoint parts for the processes."""

from collections import Counter

import face_layouts
import pytest
from mmengine.dataset import RepeatDataset
from torch.utils.data import ConcatDataset

from fra_plugin.datasets import RAFDB, ClassBalancedSampler
from fra_plugin.datasets.wrapped import data_info


class Labelled:
    def __init__(self, labels):
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def get_cat_ids(self, index):
        label = self.labels[index]
        return label if isinstance(label, list) else [label]


IMBALANCED = Labelled([0] * 900 + [1] * 90 + [2] * 10)


def test_all_classes_are_drawn_equally_often():
    draws = list(ClassBalancedSampler(IMBALANCED, seed=0))
    counts = Counter(IMBALANCED.labels[i] for i in draws)
    assert len(draws) == 1000
    # 1,000 draws of a third: standard deviation 15.
    assert all(abs(counts[label] - 1000 / 3) < 75 for label in range(3))


def test_epochs_differ_and_repeat_with_the_seed():
    sampler, same = ClassBalancedSampler(IMBALANCED, seed=1), ClassBalancedSampler(IMBALANCED, seed=1)
    first = list(sampler)
    assert first == list(same)
    sampler.set_epoch(1)
    assert list(sampler) != first


def test_processes_share_one_draw(monkeypatch):
    whole = list(ClassBalancedSampler(IMBALANCED, seed=2))
    parts = []
    for rank in range(3):
        monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda rank=rank: (rank, 3))
        sampler = ClassBalancedSampler(IMBALANCED, seed=2)
        parts.append(list(sampler))
        assert len(parts[-1]) == len(sampler) == 334
    interleaved = [index for draws in zip(*parts) for index in draws]
    assert interleaved[:1000] == whole


def test_joined_and_repeated_data_sets_are_evened_out(tmp_path):
    face_layouts.rafdb(tmp_path, train=30)
    faces = RAFDB(str(tmp_path), 'train')
    few = RAFDB(str(tmp_path), 'train', indices=[0, 7, 14, 21, 28] * 20)  # of label 0
    dataset = ConcatDataset([RepeatDataset(faces, 2), few])
    counts = Counter(data_info(dataset, index)['gt_label'] for index in ClassBalancedSampler(dataset, seed=0))
    assert sum(counts.values()) == 160 and max(counts.values()) < 45 and len(counts) == 7


@pytest.mark.parametrize('labels', [[0, [1, 2]], [0, []]])
def test_face_needs_exactly_one_class(labels):
    with pytest.raises(ValueError, match='one class per face, got [02]'):
        ClassBalancedSampler(Labelled(labels))
