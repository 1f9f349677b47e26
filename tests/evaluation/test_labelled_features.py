"""Features of labelled faces: labels, pooling, and the split into a training and a test part."""

import numpy as np
import pytest
import torch

from fra_plugin.evaluation.labelled_features import files_and_labels, pooled, split_features


class Faces(list):
    def get_data_info(self, index):
        return self[index]


def test_labels_are_one_number_a_face():
    files, labels = files_and_labels(Faces([dict(gt_label=2, img_path='a.jpg'), dict(gt_label=0)]))
    assert files == ['a.jpg', None] and labels.tolist() == [2, 0] and labels.dtype == np.int64


@pytest.mark.parametrize('faces', [[], [dict(gt_label=1), dict(img_path='a.jpg')], [dict(gt_label=[1, 0])]])
def test_faces_without_one_label_each_are_refused(faces):
    with pytest.raises(ValueError, match='Faces has no faces with one label'):
        files_and_labels(Faces(faces))


def test_every_fifth_face_of_a_class_is_tested():
    labels = torch.tensor([0, 1] * 7)
    train, train_labels, test, test_labels = split_features([torch.arange(14.0)[:, None]], [labels])
    assert test.flatten().tolist() == [8, 9] and test_labels.tolist() == [0, 1]
    assert len(train) == len(train_labels) == 12
    with pytest.raises(ValueError, match='no class has five faces'):
        split_features([torch.zeros(3, 1)], [torch.tensor([0, 0, 1])])


def test_pooling_takes_the_mean_over_map_or_tokens_of_the_last_output():
    torch.manual_seed(0)
    feature_map = torch.randn(2, 3, 4, 5)
    expected = feature_map.mean(dim=(2, 3))
    for output in ((torch.zeros(2, 9), feature_map), feature_map, feature_map.flatten(2).transpose(1, 2), [expected]):
        torch.testing.assert_close(pooled(output), expected)
