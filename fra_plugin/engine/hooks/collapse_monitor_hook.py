"""Is the run healthy? Numbers every few iterations, and a warning in words when it collapses."""

import math
import time
from typing import Dict, List

import torch
from mmengine.dist import get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.model import BaseAveragedModel
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch import nn

from ...checkpoints.checked_load import unwrapped
from ...datasets.transforms.plain_faces import normalise
from ...evaluation.collapse_measures import assignment_measures, crop_agreement, rank_of_scatter, scatter, spread
from ...models.fra_neck import FaceEmbedding
from ...processes import on_all
from ..one_read import read_at_once
from ..side_product import side_product
from .collapse_advice import find_complaints, summary
from .untouched import untouched


@HOOKS.register_module()
class CollapseMonitorHook(Hook):
    """Every ``interval`` iterations: what the model's neck gave for this batch -> numbers, and a line in the log.

    The numbers go to the visualizer. Only in these iterations is anything read from the device, and only by the first
    process, of its own images:

    - ``embedding/global_rank``, ``embedding/global_spread``: :func:`effective_rank` and :func:`spread` of the neck's
      global embeddings of all views; ``embedding/region_rank``, ``embedding/region_spread``: of the region embeddings,
      each region's mean subtracted (rank), or each region for itself and averaged (spread);
    - ``regions/use_0`` ..., ``regions/entropy``, ``regions/sharpness``: see :func:`assignment_measures`;
    - ``regions/target_agreement``: share of the pixels that online and target network give to the same region in the
      same view;
    - ``regions/crop_agreement``: :func:`crop_agreement` over ``agreement_faces`` faces of the batch, with the prototype;
    - ``training/grad_norm``: norm of the gradient with which the optimizer steps (after clipping, scale removed);
      ``training/ema_momentum``: share of the online network in the target's update;
    - ``speed/images_per_second`` over all processes, ``speed/data_wait``: share of the time spent waiting for data, both
      since the last report; ``speed/gpu_memory``: peak in MiB.

    What a model doesn't have is left out: any self-supervised model has the global embedding (its neck's, or its
    backbone's), the gradient norm and the speed.

    Example:
        >>> dict(type='CollapseMonitorHook', interval=100)

    Args:
        interval: iterations between two reports, at least 1. Defaults to 50.
        max_use: warn if one region wins more than this share of the pixels, in (0, 1]. Defaults to 0.9.
        min_rank: warn if an effective rank is below. Defaults to 2.
        min_spread: warn if a spread is below. Defaults to 0.05.
        patience: reports in a row that must be bad before a warning, at least 1. Defaults to 3.
        agreement_faces: faces for ``regions/crop_agreement``; 0 leaves it out. Defaults to 8.

    Raises:
        ValueError: for a number out of its range.
    """

    priority = 'LOW'  # after those that change the model

    def __init__(
        self,
        *,
        interval: int = 50,
        max_use: float = 0.9,
        min_rank: float = 2.0,
        min_spread: float = 0.05,
        patience: int = 3,
        agreement_faces: int = 8,
    ) -> None:
        if interval < 1 or patience < 1 or agreement_faces < 0:
            raise ValueError(
                'interval and patience must be at least 1 and agreement_faces at least 0, '
                f'got {interval}, {patience} and {agreement_faces}'
            )
        if not 0 < max_use <= 1:
            raise ValueError(f'max_use must be in (0, 1], got {max_use}')
        self.interval = interval
        self.max_use = max_use
        self.min_rank = min_rank
        self.min_spread = min_spread
        self.patience = patience
        self.agreement_faces = agreement_faces
        self._bad_reports: Dict[str, int] = {}
        self._taps: List = []

    def before_train(self, runner: Runner) -> None:
        self._grad_norm = None
        self._listener = runner.optim_wrapper.optimizer.register_step_pre_hook(self._read_gradient)
        self._start_clock()

    def after_train(self, runner: Runner) -> None:
        self._listener.remove()

    def before_train_epoch(self, runner: Runner) -> None:
        """What was done between two epochs (checkpoints, evaluation) is no part of the speed."""
        now = time.perf_counter()
        self._started += now - self._ready
        self._ready = now

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
        self._waited += time.perf_counter() - self._ready
        if is_main_process() and self.every_n_train_iters(runner, self.interval):
            self._tap(unwrapped(runner.model))

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        self._images += _batch_size(data_batch) * get_world_size()
        if self.every_n_train_iters(runner, self.interval):
            on_all(self._look, runner, data_batch)
        self._ready = time.perf_counter()

    def _look(self, runner: Runner, data_batch: dict) -> None:
        """What the first process reports; the others, which have no taps, only hear of its errors."""
        if self._taps:
            model = unwrapped(runner.model)
            values = self._report(runner, model, data_batch)
            with side_product('The report of CollapseMonitorHook'):
                runner.visualizer.add_scalars(dict(values, iter=runner.iter + 1), step=runner.iter + 1)
            runner.logger.info(summary(values))
            self._warn(runner, values)
            self._start_clock()

    def _start_clock(self) -> None:
        self._started = self._ready = time.perf_counter()
        self._waited, self._images = 0.0, 0

    def _tap(self, model: nn.Module) -> None:
        """Keep what the necks give in this iteration."""
        self._online, self._target = [], []
        target = getattr(model, 'target', None)
        necks = [(getattr(model, 'neck', None) or model.backbone, self._online)]
        if isinstance(target, nn.ModuleDict) and 'neck' in target:
            necks.append((target['neck'], self._target))
        self._taps = [
            neck.register_forward_hook(lambda module, inputs, output, into=into: into.append(_detached(output)))
            for neck, into in necks
        ]

    @torch.no_grad()
    def _read_gradient(self, optimizer: torch.optim.Optimizer, *_) -> None:
        if self._taps:
            grads = [p.grad for group in optimizer.param_groups for p in group['params'] if p.grad is not None]
            if grads:
                scale = getattr(optimizer, 'grad_scale', None)  # a fused optimizer removes it in its step
                self._grad_norm = torch.stack(torch._foreach_norm(grads)).float().norm() / (
                    1 if scale is None else scale
                )

    @torch.no_grad()
    def _report(self, runner: Runner, model: nn.Module, data_batch: dict) -> Dict[str, float]:
        """All numbers, read from the device at once, and what of them is for the CPU to finish."""
        for tap in self._taps:
            tap.remove()
        seconds = time.perf_counter() - self._started
        values = {}
        if self._online:
            embed = torch.cat([output.global_embed for output in self._online])
            values['embedding/global_rank'], values['embedding/global_spread'] = scatter(embed), spread(embed)
        if self._online and self._online[0].region_logits is not None:
            values.update(self._region_values(model, data_batch))
        if self._grad_norm is not None:
            values['training/grad_norm'] = self._grad_norm
        values = read_at_once({name: value.float() for name, value in values.items()})
        report = {
            name: (rank_of_scatter(value) if value.dim() else value).item()  # a matrix, of which the rank is wanted
            for name, value in values.items()
        }
        momentum = _ema_momentum(model, runner)
        if momentum is not None:
            report['training/ema_momentum'] = momentum
        report['speed/images_per_second'] = self._images / seconds
        report['speed/data_wait'] = self._waited / seconds
        if torch.cuda.is_available():
            report['speed/gpu_memory'] = torch.cuda.max_memory_allocated() / 2**20
        self._taps, self._online, self._target, self._grad_norm = [], [], [], None
        return report

    def _region_values(self, model: nn.Module, data_batch: dict) -> Dict[str, torch.Tensor]:
        region_embed = torch.cat([output.region_embed for output in self._online])  # (B, K, D)
        region_logits = torch.cat([output.region_logits for output in self._online])
        centred = region_embed - region_embed.mean(dim=0)
        temperature = getattr(getattr(getattr(model, 'head', None), 'relation_loss', None), 'student_temp', 0.1)
        measures = assignment_measures(region_logits, temperature)
        values = {
            'embedding/region_rank': scatter(centred.flatten(0, 1)),
            'embedding/region_spread': torch.stack([spread(embed) for embed in region_embed.unbind(dim=1)]).mean(),
            **{f'regions/use_{index}': use for index, use in enumerate(measures['use'])},
            'regions/entropy': measures['entropy'],
            'regions/sharpness': measures['sharpness'],
        }
        if len(self._target) == len(self._online):
            target_logits = torch.cat([output.region_logits for output in self._target])
            values['regions/target_agreement'] = (region_logits.argmax(1) == target_logits.argmax(1)).float().mean()
        if self.agreement_faces and hasattr(model, 'heatmaps'):
            with untouched(model):
                faces = normalise(model, data_batch['inputs'][0][: self.agreement_faces])
                values['regions/crop_agreement'] = crop_agreement(model.heatmaps, faces)
        return values

    def _warn(self, runner: Runner, values: Dict[str, float]) -> None:
        """Log each complaint once, when it has lasted; again only after it had gone."""
        late = runner.iter + 1 > 0.2 * runner.max_iters
        complaints = find_complaints(
            values, max_use=self.max_use, min_rank=self.min_rank, min_spread=self.min_spread, late=late
        )
        self._bad_reports = {name: self._bad_reports.get(name, 0) + 1 for name in complaints}
        for name, count in self._bad_reports.items():
            if count == self.patience:
                runner.logger.warning(f'Iteration {runner.iter + 1}: {complaints[name]}.')


def _detached(output) -> FaceEmbedding:
    """A neck's output without gradient; necks other than FRA's give a global embedding only."""
    if isinstance(output, FaceEmbedding):
        several_views = output.global_embed.dim() == 3
        return FaceEmbedding(*(part.detach().flatten(0, 1) if several_views else part.detach() for part in output))
    embed = (output[-1] if isinstance(output, (tuple, list)) else output).detach()
    if embed.dim() == 4:
        embed = embed.mean(dim=(2, 3))
    return FaceEmbedding(embed if embed.dim() == 2 else embed.flatten(1, -2).mean(dim=1), None, None)


def _batch_size(data_batch: dict) -> int:
    samples = data_batch.get('data_samples')
    inputs = data_batch['inputs']
    return len(samples) if samples is not None else len(inputs[0] if isinstance(inputs, (list, tuple)) else inputs)


def _ema_momentum(model: nn.Module, runner: Runner):
    """OpenMMLab's momentum of the update that this iteration ended with; None for a model without target."""
    averaged = next((module for module in model.modules() if isinstance(module, BaseAveragedModel)), None)
    start = getattr(averaged, 'momentum', getattr(model, 'base_momentum', None))
    if start is None:
        return None
    end = 0.0 if averaged is None else getattr(averaged, 'end_momentum', start)
    return end + (start - end) * (math.cos(math.pi * runner.iter / runner.max_iters) + 1) / 2
