"""Wrapped data sets: every sample is found in the data set that it comes from."""

import pytest
from mmengine.dataset import BaseDataset, ClassBalancedDataset, ConcatDataset, RepeatDataset
from mmpretrain.datasets import KFoldDataset
from mmpretrain.registry import DATASETS
from torch.utils import data
from torch.utils.data import Subset

from fra_plugin.datasets.wrapped import category_ids, data_info, source, sources, with_defaults
from fra_plugin.engine.runners.seeded_loader import SeededDataset


@DATASETS.register_module(name='FacesToWrap')
class Faces(BaseDataset):
    def __init__(self, name, size, **kwargs):
        self.size = size
        super().__init__(ann_file=name, **kwargs)

    def load_data_list(self):
        return [dict(name=f'{self.ann_file}{i}', label=int(i == 0)) for i in range(self.size)]

    def get_cat_ids(self, idx):
        return [self.get_data_info(idx)['label']]


A_FACE = dict(type='mmpretrain.FacesToWrap', name='a', size=1, lazy_init=False)
TWO_FACES = dict(A_FACE, name='b', size=2)
WRAPPERS = dict(
    none=lambda: Faces('a', 3),
    concat=lambda: ConcatDataset([Faces('a', 2), Faces('b', 3)]),
    lazy=lambda: ConcatDataset([Faces('a', 2), Faces('b', 3)], lazy_init=True),
    nested=lambda: RepeatDataset(dict(type='ConcatDataset', datasets=[A_FACE, TWO_FACES]), 2),
    balanced=lambda: ClassBalancedDataset(Faces('a', 9), oversample_thr=0.9),
    subset=lambda: Subset(RepeatDataset(Faces('a', 3), 3), [8, 0, 4]),
    fold=lambda: KFoldDataset(dict(A_FACE, size=10), fold=1),
    seeded=lambda: SeededDataset(
        Subset(data.ConcatDataset([Faces('a', 2), RepeatDataset(Faces('b', 3), 2)]), [1, 7, 2])
    ),
)


@pytest.mark.parametrize('wrapper', WRAPPERS)
def test_a_sample_is_found_in_its_data_set(wrapper):
    dataset = WRAPPERS[wrapper]()
    for index in range(len(dataset)):
        expected = dataset[index]
        inner, place = source(dataset, index)
        assert type(inner) is Faces and inner[place]['name'] == expected['name']
        assert data_info(dataset, index)['name'] == expected['name']
        assert category_ids(dataset, index) == [expected['label']]
    assert sources(dataset) == list(dict.fromkeys(source(dataset, index)[0] for index in range(len(dataset))))


@pytest.mark.parametrize('wrapper', [name for name in WRAPPERS if name != 'none'])
@pytest.mark.parametrize('index', [-1, 99])
def test_an_index_out_of_range_is_refused(wrapper, index):
    with pytest.raises(IndexError, match=f'samples, got the index {index}'):
        source(WRAPPERS[wrapper](), index)


def test_defaults_reach_the_innermost_data_sets_and_only_where_they_name_none():
    config = dict(
        type='RepeatDataset',
        times=2,
        dataset=dict(type='ConcatDataset', datasets=[dict(type='A'), dict(type='B', pipeline=[1])]),
    )
    inner = with_defaults(config, pipeline=[2])['dataset']['datasets']
    assert inner == [dict(type='A', pipeline=[2]), dict(type='B', pipeline=[1])]
    assert 'pipeline' not in config['dataset']['datasets'][0], 'the config itself stays as it is'
