"""A compiled model learns what it learns uncompiled, from one graph."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.utils import digit_version
from watched_run import Losses, make_runner, scalars, write_faces

from fra_plugin.engine import CompileHook
from fra_plugin.engine.hooks import compile_hook

compiles = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.2'), reason='this torch loses the listeners of optimizers'
)


def train(tmp_path, hooks, name):
    losses = Losses()
    faces = tmp_path / 'faces'
    runner = make_runner(tmp_path / name, faces if faces.is_dir() else write_faces(faces), hooks)
    runner.register_hook(losses)
    runner.train()
    return runner, losses.found


@compiles
def test_one_graph_without_breaks_gives_the_losses_of_the_plain_model(tmp_path):
    torch._dynamo.reset()
    counters = torch._dynamo.utils.counters
    counters.clear()
    monitor = dict(type='CollapseMonitorHook', interval=3)
    runner, losses = train(tmp_path, [dict(type='CompileHook', backend='eager'), monitor], 'compiled')
    assert counters['stats']['unique_graphs'] == 1 and not counters['graph_break']
    plain, expected = train(tmp_path, [monitor], 'plain')
    assert losses == pytest.approx(expected, rel=1e-4) and len(losses) == 4
    torch.testing.assert_close(runner.model.target.state_dict(), plain.model.target.state_dict(), rtol=1e-3, atol=1e-4)
    assert 'view_losses' not in vars(runner.model)
    # The third iteration was looked into, uncompiled.
    ranks = [[record[name] for record in scalars(run) if name in record] for run in (runner, plain)
             for name in ['embedding/global_rank']]  # yapf: disable
    assert len(ranks[0]) == 1 and ranks[0] == pytest.approx(ranks[1], rel=1e-2)


def test_torch_knows_the_shapes_of_the_norm_layers_before_it_compiles(monkeypatch):
    calls = []
    monkeypatch.setattr(compile_hook, 'tell_shapes', lambda: calls.append('shapes'))
    monkeypatch.setattr(torch, 'compile', lambda function, **_: calls.append('compile') or function)
    model = torch.nn.Linear(1, 1)
    model.loss = lambda: None
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    CompileHook().before_train(SimpleNamespace(model=model, optim_wrapper=SimpleNamespace(optimizer=optimizer)))
    assert calls == ['shapes', 'compile']


def test_an_optimizer_that_would_tell_nobody_is_refused(monkeypatch):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    model = torch.nn.Module()
    model.loss = lambda: None
    runner = SimpleNamespace(model=model, optim_wrapper=SimpleNamespace(optimizer=optimizer))
    monkeypatch.setattr(torch, 'compile', lambda function, **_: function)
    CompileHook().before_train(runner)
    optimizer.register_step_post_hook = lambda listener: SimpleNamespace(remove=lambda: None)
    with pytest.raises(ValueError, match='keeps SGD from telling its listeners.*remove CompileHook'):
        CompileHook().before_train(runner)


@pytest.mark.parametrize('wrong', [dict(mode='fast'), dict(backend='fast')])
def test_names_that_torch_does_not_know_are_refused(wrong):
    model = torch.nn.Module()
    model.loss = lambda: None
    with pytest.raises(ValueError, match=f'CompileHook.*{next(iter(wrong))}.*fast'):
        CompileHook(**wrong).before_train(SimpleNamespace(model=model))


def test_a_torch_that_loses_listeners_is_refused_before_it_compiles(monkeypatch):
    monkeypatch.setattr(torch, '__version__', '2.1.2')
    with pytest.raises(ValueError, match='CompileHook needs torch 2.2 or newer, got 2.1.2'):
        CompileHook().before_run(None)
