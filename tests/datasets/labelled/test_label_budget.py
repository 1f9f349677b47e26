"""Few labels: the same ones every time, evenly over the classes, a larger budget holding the smaller."""

from collections import Counter

import face_layouts
import pytest
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS
from torch.utils.data import ConcatDataset, Subset

from fra_plugin.datasets import RAFDB, CelebAAttributes, LabelBudget
from fra_plugin.datasets.labelled.label_budget import budget

IMBALANCED = [0] * 60 + [1] * 30 + [2] * 6 + [3] * 4


def counts(share, seed=0):
    return dict(Counter(IMBALANCED[i] for i in budget(IMBALANCED, share, seed)))


@pytest.mark.parametrize(
    'share, expected',
    [
        (0.01, {0: 1, 1: 1, 2: 1, 3: 1}),  # one face a class at least
        (0.08, {0: 2, 1: 2, 2: 2, 3: 2}),
        (0.2, {0: 6, 1: 5, 2: 5, 3: 4}),  # what class 3 lacks goes to the others
        (0.5, {0: 20, 1: 20, 2: 6, 3: 4}),
        (1.0, {0: 60, 1: 30, 2: 6, 3: 4}),
    ],
)
def test_every_class_gets_equally_many_as_long_as_it_has_them(share, expected):
    assert counts(share) == expected


def test_larger_budget_holds_the_smaller_and_seeds_differ():
    kept = [set(budget(IMBALANCED, share, 3)) for share in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)]
    assert all(small <= large for small, large in zip(kept, kept[1:]))
    assert budget(IMBALANCED, 0.1, 0) != budget(IMBALANCED, 0.1, 1)


def test_draw_is_the_same_on_every_machine():
    assert budget([0, 1] * 10, 0.3, 0) == [1, 8, 10, 17, 18, 19]


def test_config_wraps_any_data_set_and_gives_it_back_smaller(tmp_path):
    face_layouts.rafdb(tmp_path, train=70)
    config = dict(type='LabelBudget', share=0.2, seed=1, dataset=dict(type='mmpretrain.RAFDB', data_root=str(tmp_path)))
    dataset = DATASETS.build(config)
    assert isinstance(dataset, RAFDB) and Counter(dataset.get_gt_labels().tolist()) == dict.fromkeys(range(7), 2)
    assert list(dataset.get_gt_labels()) == list(DATASETS.build(config).get_gt_labels())


def test_faces_without_one_label_are_drawn_at_random(tmp_path):
    face_layouts.celeba(tmp_path, counts=(20, 1, 1))
    full = CelebAAttributes(tmp_path, 'train')
    names = [full.get_data_info(i)['img_path'] for i in range(20)]
    few = LabelBudget(full, 0.25)
    kept = [few.get_data_info(i)['img_path'] for i in range(len(few))]
    assert len(kept) == 5 and kept == sorted(kept) and set(kept) < set(names)


def test_data_sets_that_keep_their_list_unserialised_work_too():

    class Landmarks(BaseDataset):
        def load_data_list(self):
            return [dict(img_path=str(i), keypoints=[i, i]) for i in range(10)]

    dataset = LabelBudget(Landmarks(serialize_data=False), 0.3)
    assert len(dataset) == 3 and [dataset[i]['sample_idx'] for i in range(3)] == [0, 1, 2]


def test_kept_faces_are_repeated_equally_often(tmp_path):
    face_layouts.rafdb(tmp_path, train=70)
    dataset = LabelBudget(RAFDB(tmp_path, 'train'), 0.1, min_length=20)
    paths = Counter(dataset.get_data_info(i)['img_path'] for i in range(len(dataset)))
    assert len(paths) == 7 and set(paths.values()) == {3}


@pytest.mark.parametrize('share', [0, -0.1, 1.1])
def test_share_outside_zero_to_one_is_refused(tmp_path, share):
    with pytest.raises(ValueError, match='share'):
        LabelBudget(dict(type='mmpretrain.RAFDB', data_root=str(tmp_path)), share)


def wrapped(root, kind, **arguments):
    """Seventy faces of seven classes, in two halves where they are joined."""
    faces = dict(type='mmpretrain.RAFDB', data_root=str(root), split='train')
    if kind == 'ConcatDataset':
        halves = [dict(faces, indices=list(range(35))), dict(faces, indices=list(range(35, 70)))]
        return dict(type=kind, datasets=halves, **arguments)
    return dict(type=kind, dataset=faces, **arguments)


WRAPPERS = [
    ('ConcatDataset', {}, 1),
    ('RepeatDataset', dict(times=3), 3),
    ('ClassBalancedDataset', dict(oversample_thr=0.5), 2),
    ('mmpretrain.KFoldDataset', dict(fold=1), 1),
]


@pytest.mark.parametrize('kind, arguments, repeated', WRAPPERS)
def test_the_budget_counts_faces_that_a_wrapper_joins_or_repeats_once(tmp_path, kind, arguments, repeated):
    face_layouts.rafdb(tmp_path, train=70)
    config = wrapped(tmp_path, kind, **arguments)
    if kind.endswith('KFoldDataset'):
        config['dataset']['lazy_init'] = False  # it fails without
    dataset = LabelBudget(config, 0.2)
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    faces = Counter(info['img_path'] for info in infos)
    share = 56 // 5 if kind.endswith('KFoldDataset') else 14
    assert len(faces) == share and set(faces.values()) == {repeated}
    assert set(Counter(info['gt_label'] for info in infos).values()) <= {repeated, 2 * repeated}
    assert len([dataset[i] for i in range(len(dataset))]) == share * repeated


def test_a_budget_of_joined_data_sets_may_leave_one_empty(tmp_path):
    face_layouts.rafdb(tmp_path, train=70)
    one = dict(type='mmpretrain.RAFDB', data_root=str(tmp_path), split='train')
    joined = dict(type='ConcatDataset', datasets=[dict(one, indices=[i]) for i in (0, 7, 14, 1)])
    dataset = LabelBudget(joined, 0.5, min_length=4)
    labels = [dataset[i]['gt_label'] for i in range(len(dataset))]
    assert sorted(labels) == [0, 0, 1, 1]


def test_what_cannot_be_cut_down_is_refused(tmp_path):
    face_layouts.rafdb(tmp_path)
    with pytest.raises(TypeError, match='can not cut down a Subset; put LabelBudget inside'):
        LabelBudget(ConcatDataset([Subset(RAFDB(str(tmp_path)), [0])]), 0.5)
