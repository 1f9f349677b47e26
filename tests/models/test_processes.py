"""Two processes with B images each learn what one process with 2 B learns."""

from types import SimpleNamespace

import pytest
import torch
import torch.multiprocessing as mp
from tiny_fra import tiny_fra, total_loss
from two_processes import make_samples, make_views, worker

from fra_plugin.models import region_heatmap_head, semantic_relation_loss


@pytest.mark.parametrize('sync_grad, cross_view', [(True, False), (True, True), (False, True)])
def test_loss_and_gradient_of_two_processes_are_those_of_one(tmp_path, monkeypatch, sync_grad, cross_view):
    mp.spawn(worker, args=(str(tmp_path), sync_grad, cross_view), nprocs=2)
    two = torch.load(tmp_path / 'rank0.pth')
    # For both views together: 4 of Sinkhorn, 2 of prototypes, 1 of the use of the regions, 1 of the pixels that both views
    # show, and 2 of gradients.
    assert two['reductions'] == 7 + cross_view + 2 * sync_grad

    model = tiny_fra(norm='GN', cross_view=cross_view)
    total = total_loss(model(make_views(), make_samples(), mode='loss'))
    total.backward()
    torch.testing.assert_close(two['loss'], total.detach(), rtol=1e-10, atol=0)
    torch.testing.assert_close(two['prototype'], model.neck.heatmap_head.prototype, rtol=1e-10, atol=1e-12)
    # The official code's reduction stops gradients: the same loss, another gradient.
    expected = gradients(model) if sync_grad else gradients_of_own_summands(monkeypatch, cross_view)
    assert two['grads'].keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(two['grads'][name], gradient, rtol=1e-6, atol=1e-8 * gradient.norm().item() + 1e-14)
    if not sync_grad:
        assert any(not torch.allclose(gradient, expected[name]) for name, gradient in gradients(model).items())


def gradients(model):
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def gradients_of_own_summands(monkeypatch, cross_view):
    """By definition: each process's loss as a function of its own summands, those of the other one being constants.

    What the other process has contributed to the n-th sum is known as soon as its first n - 1 sums were right, so both take
    turns until nothing changes.
    """
    contributed = [[], []]

    def total(tensor):
        own, other = contributed[rank], contributed[1 - rank]
        own.append(tensor.detach().clone())
        return own[-1] + (other[len(own) - 1] if len(own) <= len(other) else torch.zeros_like(own[-1]))

    def mean(tensor, sync_grad):
        return (total(tensor) - tensor.detach() + tensor) / 2

    fake = SimpleNamespace(all_reduce=lambda tensor: tensor.copy_(total(tensor)), get_world_size=lambda: 2)
    monkeypatch.setattr(region_heatmap_head, 'process_mean', lambda tensor, sync_grad=False: mean(tensor, sync_grad))
    monkeypatch.setattr(semantic_relation_loss, 'process_mean', lambda tensor, sync_grad=False: mean(tensor, sync_grad))
    monkeypatch.setattr(semantic_relation_loss, 'dist', fake)
    former = None
    while former is None or not all(map(torch.equal, sum(contributed, []), former)):
        former, found = sum(contributed, []), []
        for rank in range(2):
            contributed[rank] = []
            model = tiny_fra(norm='GN', cross_view=cross_view)
            own = slice(2 * rank, 2 * rank + 2)
            total_loss(model([view[own] for view in make_views()], make_samples()[own], mode='loss')).backward()
            found.append(gradients(model))
        if len(former) != len(sum(contributed, [])):
            former = None
    assert len(contributed[0]) == len(contributed[1]) > 2
    return {name: (found[0][name] + found[1][name]) / 2 for name in found[0]}
