"""What frozen features (N, C) know: accuracy of their nearest neighbours, and of a linear classifier on them."""
import torch
import torch.nn.functional as F


def knn_accuracy(train: torch.Tensor,
                 train_labels: torch.Tensor,
                 test: torch.Tensor,
                 test_labels: torch.Tensor,
                 neighbours: int = 20,
                 temperature: float = 0.07) -> float:
    """Accuracy in percent of the vote of the nearest training features by cosine.

    A neighbour's vote weighs exp(cosine / temperature).
    Source: Z. Wu et al., "Unsupervised Feature Learning via Non-Parametric Instance Discrimination", CVPR 2018.

    Args:
        train, test: features (N, C) and (M, C).
        train_labels, test_labels: classes from 0, (N,) and (M,), int64.
        neighbours: at least 1; all where there are fewer. Defaults to 20.
        temperature: > 0. Defaults to 0.07.
    """
    train, test = F.normalize(train.float(), dim=1), F.normalize(test.float(), dim=1)
    num_classes = int(max(train_labels.max(), test_labels.max())) + 1
    correct = 0
    for part, labels in zip(test.split(1024), test_labels.split(1024)):
        cosine, nearest = (part @ train.t()).topk(min(neighbours, len(train)), dim=1)
        votes = F.one_hot(train_labels[nearest], num_classes) * ((cosine - 1) / temperature).exp()[..., None]
        correct += (votes.sum(dim=1).argmax(dim=1) == labels).sum().item()
    return 100 * correct / len(test)


def linear_probe_accuracy(train: torch.Tensor, train_labels: torch.Tensor, test: torch.Tensor,
                          test_labels: torch.Tensor) -> float:
    """Accuracy in percent of a logistic regression on standardised features; arguments as :func:`knn_accuracy`.

    Raises:
        ImportError: without scikit-learn.
    """
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError as error:
        raise ImportError('the linear probe needs scikit-learn: pip install scikit-learn') from error
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    probe.fit(train.double().numpy(), train_labels.numpy())
    return 100 * float(probe.score(test.double().numpy(), test_labels.numpy()))
