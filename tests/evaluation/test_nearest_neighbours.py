"""Votes of nearest neighbours in cases whose answer is known."""

import numpy as np
import pytest
import torch

from fra_plugin.evaluation.nearest_neighbours import knn_accuracy


def clusters(seed, noise=0.1):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(3).repeat(10)
    return torch.eye(3)[labels] + noise * torch.randn(30, 3, generator=generator), labels


def test_separate_clusters_are_told_apart():
    assert knn_accuracy(*clusters(0), *clusters(1)) == 100


def test_features_that_say_nothing_give_the_most_frequent_class():
    train, labels = torch.ones(10, 4), torch.tensor([0, 1, 1, 0, 1, 1, 0, 1, 1, 1])
    assert knn_accuracy(train, labels, torch.ones(8, 4), torch.tensor([0, 0, 0, 0, 0, 0, 1, 1])) == 50
    assert knn_accuracy(train, labels, torch.ones(4, 4), torch.ones(4, dtype=torch.long)) == 100


def test_votes_equal_the_naive_formula():
    generator = torch.Generator().manual_seed(0)
    train, test = torch.randn(40, 5, generator=generator), torch.randn(25, 5, generator=generator)
    labels, truth = (torch.randint(0, 3, (n,), generator=generator) for n in (40, 25))
    hits = {0: [], 1: [], 2: []}
    for feature, expected in zip(test.double().numpy(), truth.tolist()):
        cosine = np.array([feature @ x / np.linalg.norm(feature) / np.linalg.norm(x) for x in train.double().numpy()])
        votes = np.zeros(3)
        for index in np.argsort(-cosine)[:7]:
            votes[labels[index]] += np.exp(cosine[index] / 0.07)
        hits[expected].append(votes.argmax() == expected)
    assert knn_accuracy(train, labels, test, truth, neighbours=7) == pytest.approx(
        100 * np.mean([np.mean(hit) for hit in hits.values()])
    )


def test_a_close_neighbour_outvotes_two_far_ones():
    train = torch.tensor([[1.0, 0.0], [0.2, 1.0], [0.2, 1.0]])
    assert (
        knn_accuracy(train, torch.tensor([0, 1, 1]), torch.tensor([[1.0, 0.0]]), torch.tensor([0]), neighbours=3) == 100
    )


def test_a_rare_class_counts_as_much_as_a_frequent_one():
    train = torch.eye(2), torch.tensor([0, 1])
    test = torch.tensor([[1.0, 0.0]]).repeat(10, 1), torch.tensor([0] * 9 + [1])
    assert knn_accuracy(*train, *test, neighbours=1) == 50


def test_a_class_that_occurs_in_the_test_only_is_wrong_and_no_error():
    test = torch.cat([clusters(1)[0], torch.zeros(10, 3)]), torch.cat([clusters(1)[1], torch.full((10,), 5)])
    assert knn_accuracy(*clusters(0), *test) == 75


def test_balanced_votes_let_a_rare_class_win_where_it_is_more_frequent_than_elsewhere():
    train = torch.tensor([[1.0, 0.0]] * 6 + [[0.0, 1.0]] * 14), torch.tensor([0] * 4 + [1] * 2 + [0] * 14)
    test = (
        torch.tensor([[1.0, 0.0]] * 2),
        torch.tensor([0, 1]),
    )  # a third of the faces here are of class 1, of all a tenth
    assert knn_accuracy(*train, test[0][1:], test[1][1:], neighbours=6) == 0
    assert knn_accuracy(*train, test[0][1:], test[1][1:], neighbours=6, balanced=True) == 100
    assert knn_accuracy(*train, test[0][:1], test[1][:1], neighbours=6, balanced=True) == 0
