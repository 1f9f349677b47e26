"""What the optimizer's step and the update of the target network ask of a GPU, beside mmpretrain's and mmengine's."""

from typing import Tuple

import torch
from mmengine.model import ExponentialMovingAverage
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.engine import LARS
from simulated_gpu import onto_gpu, simulated_gpu
from tiny_fra import tiny_fra
from torch import nn

from fra_plugin.configs import load_config


def optimizers() -> Tuple[Tuple[int, int], Tuple[int, int], int]:
    """(operations, reads) of ours and of theirs, and the number of trained tensors."""
    cfg = load_config('fra_r50_8xb64')
    init_default_scope(cfg.default_scope)
    cfg.optim_wrapper.update(type='OptimWrapper')
    cfg.optim_wrapper.pop('loss_scale')
    model = tiny_fra(dtype=torch.float32)
    with simulated_gpu() as counts:
        onto_gpu(model)
        online = nn.ModuleDict(dict(backbone=model.backbone, neck=model.neck))
        trained = [param for param in model.parameters() if param.requires_grad]
        for param in trained:
            param.grad = torch.empty_like(param)
        optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
        matrices, vectors = ([param for param in trained if (param.dim() > 1) == wanted] for wanted in (True, False))
        plain = LARS([dict(params=matrices), dict(params=vectors, lars_exclude=True)], lr=0.9)
        average = ExponentialMovingAverage(online)
        asked = []
        for step, move in (
            (optimizer.step, lambda: model.update_target(0, 100)),
            (plain.step, lambda: average.update_parameters(online)),
        ):
            step()  # makes its buffers
            counts.clear()
            step()
            move()
            asked.append((sum(counts.operations.values()), len(counts.reads)))
    return (*asked, len(trained))
