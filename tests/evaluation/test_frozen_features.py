"""Accuracy of frozen features in cases whose answer is known."""
import builtins

import numpy as np
import pytest
import torch

from fra_plugin.evaluation.frozen_features import knn_accuracy, linear_probe_accuracy


def clusters(seed, noise=0.1):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(3).repeat(10)
    return torch.eye(3)[labels] + noise * torch.randn(30, 3, generator=generator), labels


@pytest.mark.parametrize('accuracy', [knn_accuracy, linear_probe_accuracy])
def test_separate_clusters_are_told_apart(accuracy):
    assert accuracy(*clusters(0), *clusters(1)) == 100


@pytest.mark.parametrize('accuracy', [knn_accuracy, linear_probe_accuracy])
def test_shuffled_labels_of_noise_are_guessed(accuracy):
    generator = torch.Generator().manual_seed(0)
    train, test = torch.randn(300, 4, generator=generator), torch.randn(300, 4, generator=generator)
    labels = torch.randint(0, 2, (2, 300), generator=generator)
    assert 35 < accuracy(train, labels[0], test, labels[1]) < 65


def test_votes_equal_the_naive_formula():
    generator = torch.Generator().manual_seed(0)
    train, test = torch.randn(40, 5, generator=generator), torch.randn(25, 5, generator=generator)
    labels, truth = (torch.randint(0, 3, (n, ), generator=generator) for n in (40, 25))
    hits = 0
    for feature, expected in zip(test.double().numpy(), truth.tolist()):
        cosine = np.array([feature @ x / np.linalg.norm(feature) / np.linalg.norm(x) for x in train.double().numpy()])
        votes = np.zeros(3)
        for index in np.argsort(-cosine)[:7]:
            votes[labels[index]] += np.exp(cosine[index] / 0.07)
        hits += votes.argmax() == expected
    assert knn_accuracy(train, labels, test, truth, neighbours=7) == pytest.approx(100 * hits / 25)


def test_a_close_neighbour_outvotes_two_far_ones():
    train = torch.tensor([[1., 0.], [0.2, 1.], [0.2, 1.]])
    assert knn_accuracy(train, torch.tensor([0, 1, 1]), torch.tensor([[1., 0.]]), torch.tensor([0]), neighbours=3) == 100


def test_scale_of_a_feature_does_not_matter_for_the_probe():
    train, labels = clusters(0, noise=0.8)
    test, truth = clusters(1, noise=0.8)
    scale = torch.tensor([1e-3, 1., 1e3])
    first = linear_probe_accuracy(train, labels, test, truth)
    assert linear_probe_accuracy(train * scale, labels, test * scale, truth) == pytest.approx(first)


def test_a_class_that_occurs_in_the_test_only_is_wrong_and_no_error():
    test = torch.cat([clusters(1)[0], torch.zeros(10, 3)]), torch.cat([clusters(1)[1], torch.full((10, ), 5)])
    assert knn_accuracy(*clusters(0), *test) == 75
    assert linear_probe_accuracy(*clusters(0), *test) == 75


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch):
    real_import = builtins.__import__

    def no_sklearn(name, *args, **kwargs):
        if name.startswith('sklearn'):
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, '__import__', no_sklearn)
    with pytest.raises(ImportError, match='pip install scikit-learn'):
        linear_probe_accuracy(*clusters(0), *clusters(1))
