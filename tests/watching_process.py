"""One of two processes that evaluate the same model together."""

import json
from types import SimpleNamespace

import torch
import torch.distributed as dist
from mmengine.registry import init_default_scope
from mmpretrain.registry import HOOKS, MODELS
from watched_run import fra

import fra_plugin  # noqa: F401  registers


def evaluate(hook: dict) -> dict:
    """Results of the hook for a model that is the same everywhere."""
    init_default_scope('mmpretrain')
    torch.manual_seed(0)
    model = MODELS.build(fra())
    model.init_weights()
    hook = HOOKS.build(hook)
    hook.before_train(SimpleNamespace(model=model))
    return hook.evaluate(model)


def worker(rank: int, folder: str, hook: dict) -> None:
    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method=f'file://{folder}/meeting', rank=rank, world_size=2)
    with open(f'{folder}/rank{rank}.json', 'w') as file:
        json.dump(evaluate(hook), file)
