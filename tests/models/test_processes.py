"""Two processes with B images each learn what one process with 2 B learns."""

import pytest
import torch
import torch.multiprocessing as mp
from tiny_fra import tiny_fra, total_loss
from two_processes import free_port, make_samples, make_views, worker


@pytest.mark.parametrize('sync_grad, cross_view', [(True, False), (False, False), (True, True)])
def test_loss_and_gradient_of_two_processes_are_those_of_one(tmp_path, sync_grad, cross_view):
    mp.spawn(worker, args=(free_port(), str(tmp_path), sync_grad, cross_view), nprocs=2)
    two = torch.load(tmp_path / 'rank0.pth')

    model = tiny_fra(norm='GN', cross_view=cross_view)
    total = total_loss(model(make_views(), make_samples(), mode='loss'))
    total.backward()
    torch.testing.assert_close(two['loss'], total.detach(), rtol=1e-10, atol=0)
    torch.testing.assert_close(two['prototype'], model.neck.heatmap_head.prototype, rtol=1e-10, atol=1e-12)
    one = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    assert two['grads'].keys() == one.keys()
    equal = [torch.allclose(two['grads'][n], g, rtol=1e-6, atol=1e-6 * g.norm().item() + 1e-14)
             for n, g in one.items()]  # yapf: disable
    # The official code's reduction stops gradients: the same loss, another gradient.
    assert all(equal) if sync_grad else not all(equal)
