"""Steps that are not finite leave no trace: weights, buffers, optimizer, count."""

import pytest
import torch
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from fra_plugin.engine.runners.finite_steps import FiniteSteps, skips_by_itself

NAN, INF = float('nan'), float('inf')


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.norm = nn.BatchNorm1d(3)
        self.linear = nn.Linear(3, 1)

    def forward(self, x):
        return self.linear(self.norm(x)).square().mean()


def make(wrapper_type=OptimWrapper, device='cpu', fused=False, **kwargs):
    model = Model().to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, **(dict(fused=True) if fused else {}))
    steps = FiniteSteps(wrapper_type(optimizer=optimizer, **kwargs))
    steps.message_hub.runtime_info.pop('left_out_steps', None)
    return model, steps


def take(model, steps, x, change=lambda loss: loss):
    with steps.optim_context(model):
        loss = model(x)
    steps.update_params(change(loss))


def state(model, steps):
    momenta = [entry['momentum_buffer'].clone() for entry in steps.optimizer.state.values()]
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}, momenta


def batch(device='cpu', bad=None):
    x = torch.arange(12.0, device=device).view(4, 3).sin()
    if bad is not None:
        x[1, 2] = bad
    return x


@pytest.mark.parametrize('bad', [NAN, INF, -INF])
def test_a_bad_batch_changes_nothing(bad):
    model, steps = make()
    take(model, steps, batch())
    assert not steps.left_out
    before = state(model, steps)
    take(model, steps, batch(bad=bad))
    torch.testing.assert_close(state(model, steps), before, rtol=0, atol=0)
    assert steps.left_out and steps.in_a_row == steps.total == 1
    take(model, steps, batch(bad=bad))
    assert steps.in_a_row == steps.total == 2
    take(model, steps, batch())
    assert not steps.left_out and steps.in_a_row == 0 and steps.total == 2


def test_good_steps_are_those_of_the_wrapper_bit_for_bit():
    model, steps = make(clip_grad=dict(max_norm=0.1))
    for _ in range(3):
        take(model, steps, batch())
    twin = Model()
    wrapper = OptimWrapper(torch.optim.SGD(twin.parameters(), lr=0.1, momentum=0.9), clip_grad=dict(max_norm=0.1))
    for _ in range(3):
        with wrapper.optim_context(twin):
            loss = twin(batch())
        wrapper.update_params(loss)
    torch.testing.assert_close(model.state_dict(), twin.state_dict(), rtol=0, atol=0)


class Norms(TorchDispatchMode):
    """How many gradients had their norm taken, and how many numbers were read."""

    def __init__(self):
        super().__init__()
        self.norms = self.reads = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        self.norms += len(args[0]) if '_foreach_norm' in str(operation) else 0
        self.reads += '_local_scalar_dense' in str(operation)
        return operation(*args, **(kwargs or {}))


@pytest.mark.parametrize('clip_grad', [None, dict(max_norm=0.1), dict(type='value', clip_value=0.1)])
def test_the_norm_of_the_gradient_is_taken_once_and_one_number_is_read(clip_grad):
    model, steps = make(**(dict(clip_grad=dict(clip_grad)) if clip_grad else {}))
    take(model, steps, batch())
    with Norms() as counts:
        take(model, steps, batch())
    assert (counts.norms, counts.reads) == (4, 1)
    clips_norm = clip_grad is not None and 'max_norm' in clip_grad
    assert set(steps.clipped) == ({'grad_norm'} if clips_norm else set())


def test_a_bad_batch_changes_nothing_where_gradients_are_clipped():
    for clip_grad in (dict(max_norm=0.1), dict(type='value', clip_value=0.1)):
        model, steps = make(clip_grad=clip_grad)
        take(model, steps, batch())
        before = state(model, steps)
        take(model, steps, batch(bad=INF))
        assert steps.left_out
        torch.testing.assert_close(state(model, steps), before, rtol=0, atol=0)


def test_buffers_of_any_kind_return_even_if_a_module_replaces_them():
    model, steps = make()
    model.register_buffer('table', torch.arange(3.0, dtype=torch.float64))
    model.register_buffer('nothing', None)

    def replace(loss):
        model.table = model.table + 1
        return loss * NAN

    take(model, steps, batch())
    take(model, steps, batch(), replace)
    assert steps.left_out and model.table.tolist() == [0, 1, 2] and model.norm.num_batches_tracked == 1


@pytest.mark.parametrize('bad', [NAN, INF])
def test_a_loss_that_is_not_finite_is_enough(bad):
    """Here the gradient alone would be finite."""
    model, steps = make()
    before = state(model, steps)
    take(model, steps, batch(), lambda loss: loss + bad)
    torch.testing.assert_close(state(model, steps), before, rtol=0, atol=0)


def test_a_gradient_that_is_not_finite_is_enough():
    """sqrt has an infinite slope at 0."""
    model, steps = make()
    before = state(model, steps)
    take(model, steps, batch(), lambda loss: loss + (model.linear.bias * 0).sqrt().sum())
    assert steps.left_out
    torch.testing.assert_close(state(model, steps)[0], before[0], rtol=0, atol=0)


@pytest.mark.parametrize('place', [0, 1])
def test_one_bad_batch_spoils_the_accumulated_step_and_no_other(place):
    model, steps = make(accumulative_counts=2)
    before = state(model, steps)
    for i in range(2):
        take(model, steps, batch(bad=NAN if i == place else None))
    assert steps.left_out and steps.total == 1
    torch.testing.assert_close(state(model, steps), before, rtol=0, atol=0)
    for _ in range(2):
        take(model, steps, batch())
    assert not steps.left_out
    assert not torch.equal(model.linear.weight, before[0]['linear.weight'])
    assert model.norm.num_batches_tracked == 2  # the good step's own


@pytest.mark.skipif(not hasattr(torch.amp, 'GradScaler'), reason='this torch scales losses on GPUs only')
def test_a_fused_optimizer_that_skips_a_step_by_itself_leaves_no_trace_either(monkeypatch):
    """The scaler calls its step whatever the gradient is."""
    monkeypatch.setattr('mmengine.optim.optimizer.amp_optimizer_wrapper.is_cuda_available', lambda: True)
    model = Model()
    told = []
    steps = FiniteSteps(AmpOptimWrapper(optimizer=torch.optim.SGD(model.parameters(), lr=0.1, fused=True)))
    steps.wrapper.loss_scaler = torch.amp.GradScaler('cpu', init_scale=4.0)
    steps.optimizer.register_step_post_hook(lambda optimizer, *_: told.append(skips_by_itself(optimizer)))
    steps.message_hub.runtime_info.pop('left_out_steps', None)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    take(model, steps, batch(), lambda loss: loss + INF)
    assert steps.left_out and steps.total == 1 and told == [True]
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
    take(model, steps, batch())
    assert not steps.left_out and told == [True, False]
    assert not torch.equal(model.linear.weight, before['linear.weight'])


@pytest.mark.skipif(not torch.cuda.is_available(), reason='mixed precision needs a GPU')
@pytest.mark.parametrize('fused', [False, True])
def test_the_loss_scaler_leaves_out_what_it_must(fused):
    model, steps = make(AmpOptimWrapper, 'cuda', fused=fused, loss_scale=dict(init_scale=4.0))
    take(model, steps, batch('cuda'))
    before = state(model, steps)
    take(model, steps, batch('cuda'), lambda loss: loss + NAN)
    assert steps.left_out and steps.loss_scaler.get_scale() == 2.0
    torch.testing.assert_close(state(model, steps), before, rtol=0, atol=0)
