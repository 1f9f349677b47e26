"""ForeachLARS takes mmpretrain's LARS steps."""

import pytest
import torch
from mmpretrain.engine import LARS

from fra_plugin.engine import ForeachLARS


def make_net(seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 3)).double()


def descend(net, optimizer, steps=5):
    x = torch.randn(8, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for _ in range(steps):
        optimizer.zero_grad()
        net(x).pow(2).sum().backward()
        optimizer.step()
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def test_steps_are_those_of_the_plain_loop():
    net, other = make_net(), make_net()
    matrices = [p for p in other.parameters() if p.dim() > 1]
    vectors = [p for p in other.parameters() if p.dim() == 1]
    plain = LARS([dict(params=matrices), dict(params=vectors, lars_exclude=True, weight_decay=0)],
                 lr=0.9, momentum=0.9, weight_decay=1e-2, eta=1e-3)  # yapf: disable
    ours = ForeachLARS(net.parameters(), lr=0.9, weight_decay=1e-2)
    torch.testing.assert_close(descend(net, ours), descend(other, plain), rtol=1e-10, atol=1e-12)


def test_a_resumed_optimizer_goes_on_exactly():
    straight = make_net()
    want = descend(straight, ForeachLARS(straight.parameters(), lr=0.5), steps=6)
    net = make_net()
    first = ForeachLARS(net.parameters(), lr=0.5)
    descend(net, first, steps=3)
    second = ForeachLARS(net.parameters(), lr=0.1)
    second.load_state_dict(first.state_dict())
    torch.testing.assert_close(descend(net, second, steps=3), want, rtol=0, atol=0)


def test_zero_parameter_or_gradient_takes_a_plain_step():
    weight = torch.nn.Parameter(torch.zeros(2, 2))
    optimizer = ForeachLARS([weight], lr=0.5, momentum=0.0)
    weight.grad = torch.ones(2, 2)
    optimizer.step()
    torch.testing.assert_close(weight.detach(), torch.full((2, 2), -0.5))


def test_group_may_exclude_all_or_none():
    weight, bias = (torch.nn.Parameter(torch.full((2, 2), 2.0)), torch.nn.Parameter(torch.full((2,), 2.0)))
    optimizer = ForeachLARS([dict(params=[weight], exclude='all'), dict(params=[bias], exclude='none')],
                            lr=1.0, momentum=0.0, eta=0.1)  # yapf: disable
    weight.grad, bias.grad = torch.ones(2, 2), torch.ones(2)
    optimizer.step()
    torch.testing.assert_close(weight.detach(), torch.ones(2, 2))
    torch.testing.assert_close(bias.detach(), torch.full((2,), 1.8))  # trust 0.1 * |(2, 2)| / |(1, 1)|


@pytest.mark.parametrize('kwargs, word', [
    (dict(lr=-1), 'lr'), (dict(lr=1, momentum=1.0), 'momentum'), (dict(lr=1, weight_decay=-1), 'weight_decay'),
    (dict(lr=1, eta=-1), 'eta'), (dict(lr=1, exclude='bias'), 'exclude')])  # yapf: disable
def test_arguments_out_of_range_are_named(kwargs, word):
    with pytest.raises(ValueError, match=word):
        ForeachLARS(make_net().parameters(), **kwargs)
