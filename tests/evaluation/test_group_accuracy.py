"""Accuracies by group on counts done by hand, and what is said about groups that are not known."""

import face_layouts
import pytest
import torch
from mmpretrain.structures import DataSample

from fra_plugin.evaluation import GroupAccuracy

ROWS = [('a.jpg', 'x', '20'), ('b.jpg', 'x', '30'), ('c.jpg', 'y', '59.5'), ('d.jpg', 'y', '60'), ('e.jpg', '', '99')]


@pytest.fixture
def root(tmp_path):
    face_layouts.table(tmp_path / 'groups.csv', [['path', 'race', 'age'], *ROWS])
    return tmp_path


def metric(root, columns=('race',), **options):
    return GroupAccuracy('groups.csv', list(columns), data_root=str(root), data_prefix='images', **options)


def face_of(root, name, predicted, truth):
    sample = DataSample(metainfo=dict(img_path=f'{root}/images/{name}')).set_pred_score(torch.eye(3)[predicted])
    return sample.set_gt_label(truth).to_dict()


def evaluate(tested, samples):
    tested.process(None, samples)
    return tested.evaluate(len(samples))


def test_accuracy_of_each_group_and_their_gap(root, log):
    samples = [face_of(root, f'{name}.jpg', predicted, 1) for name, predicted in zip('abcde', (1, 0, 1, 1, 2))]
    assert evaluate(metric(root), samples) == {'group/race/x': 50.0, 'group/race/y': 100.0, 'group/race/gap': 50.0}
    assert any(
        'accuracy by race: x 50.0 ± 50.0 % of 2 faces, y 100.0 ± 0.0 % of 2 faces, no group: 1 faces' in record
        for record in log
    )


def test_numbers_are_grouped_by_where_a_group_begins(root):
    samples = [face_of(root, f'{name}.jpg', predicted, 1) for name, predicted in zip('abcde', (1, 0, 1, 1, 2))]
    results = evaluate(metric(root, ['age'], bins=dict(age=[30, 60]), prefix='fair'), samples)
    assert results == {'fair/age/<30': 100.0, 'fair/age/30-60': 50.0, 'fair/age/>=60': 50.0, 'fair/age/gap': 50.0}


def test_groups_of_two_columns(root):
    samples = [face_of(root, f'{name}.jpg', predicted, 1) for name, predicted in zip('abcde', (1, 0, 1, 1, 2))]
    results = evaluate(metric(root, ['race+age'], bins=dict(age=[30])), samples)
    assert results == {
        'group/race+age/x+<30': 100.0,
        'group/race+age/x+>=30': 0.0,
        'group/race+age/y+>=30': 100.0,
        'group/race+age/gap': 100.0,
    }


def test_small_groups_count_for_no_gap(root):
    samples = [face_of(root, f'{name}.jpg', int(name != 'a'), 1) for name in 'abc']
    assert evaluate(metric(root, min_faces=2), samples) == {'group/race/x': 50.0, 'group/race/y': 100.0}


def test_attributes_count_by_the_share_that_is_right(root):
    sample = DataSample(metainfo=dict(img_path=f'{root}/images/a.jpg')).set_pred_score(
        torch.tensor([0.9, 0.2, 0.6, 0.1])
    )
    sample.set_gt_score(torch.tensor([1.0, 0.0, 0.0, 0.0]))
    assert evaluate(metric(root), [sample.to_dict()]) == {'group/race/x': 75.0}


def test_what_has_no_group_or_no_class_is_told(root):
    with pytest.raises(ValueError, match='groups.csv does not name the image .*z.jpg'):
        evaluate(metric(root), [face_of(root, 'z.jpg', 0, 0)])
    number = DataSample(metainfo=dict(img_path=f'{root}/images/a.jpg')).set_pred_score(torch.tensor([30.5]))
    with pytest.raises(ValueError, match='a.jpg: GroupAccuracy needs predictions of classes or yes/no attributes'):
        evaluate(metric(root), [number.set_gt_score(torch.tensor([31.0])).to_dict()])


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(columns=['gender']), "groups.csv:1: no column 'gender'"),
        (dict(columns=[]), 'group_columns must be a list of names'),
        (dict(bins=dict(age=[30])), "bins are of 'age', which is none of group_columns"),
        (dict(columns=['age'], bins=dict(age=[60, 30])), 'must be rising numbers'),
        (dict(columns=['race'], bins=dict(race=[1])), 'groups.csv:2: race must be a number, as it has bins, got .x.'),
        (dict(min_faces=0), 'min_faces'),
        (dict(image_column='age'), 'does not name'),
    ],
)
def test_wrong_arguments_and_rows_are_told(root, options, message):
    with pytest.raises(ValueError, match=message):
        evaluate(metric(root, **options), [face_of(root, 'a.jpg', 0, 0)])


def test_a_group_has_not_the_name_of_a_result(root):
    face_layouts.table(root / 'groups.csv', [['path', 'race', 'age'], ['a.jpg', 'gap', '20']])
    with pytest.raises(ValueError, match='groups.csv:2: no group may be called gap'):
        metric(root)


def test_missing_file_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match='groups.csv'):
        metric(tmp_path)
