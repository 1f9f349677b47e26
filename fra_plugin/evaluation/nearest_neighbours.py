"""What frozen features know without any training: do the nearest faces belong to the same class?"""

import torch
import torch.nn.functional as F


def knn_accuracy(
    train: torch.Tensor,
    train_labels: torch.Tensor,
    test: torch.Tensor,
    test_labels: torch.Tensor,
    *,
    neighbours: int = 20,
    temperature: float = 0.07,
    balanced: bool = False,
) -> float:
    """Mean per-class (= balanced) accuracy in percent of the vote of the nearest training features by cosine.

    A neighbour's vote weighs exp(cosine / temperature).
    Source: Z. Wu et al., "Unsupervised Feature Learning via Non-Parametric Instance Discrimination", CVPR 2018.

    Args:
        train, test: features (N, C) and (M, C).
        train_labels, test_labels: classes from 0, (N,) and (M,), int64.
        neighbours: at least 1; all where there are fewer. Defaults to 20.
        temperature: > 0. Defaults to 0.07.
        balanced: divide a neighbour's vote by the number of training faces of its class, as a rare class is outvoted
            everywhere otherwise. Defaults to False.
    """
    train, test = F.normalize(train.float(), dim=1), F.normalize(test.float(), dim=1)
    counts = train_labels.bincount()
    weight = 1 / counts.clamp_min(1) if balanced else torch.ones_like(counts, dtype=torch.float32)
    predicted = []
    for part in test.split(1024):
        cosine, nearest = (part @ train.t()).topk(min(neighbours, len(train)), dim=1)
        classes = train_labels[nearest]
        votes = weight[classes] * ((cosine - 1) / temperature).exp()
        predicted.append(torch.zeros(len(part), len(counts)).to(votes).scatter_add_(1, classes, votes).argmax(dim=1))
    correct = torch.cat(predicted) == test_labels
    return (
        100
        * torch.stack([correct[test_labels == label].double().mean() for label in test_labels.unique()]).mean().item()
    )
