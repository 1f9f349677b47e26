"""The fixed case of the official implementation: its numbers, and a model with its weights and inputs.

official_case_a.json holds numbers only. They were made by running the official model in float64 on the CPU, on weights and
inputs that are drawn again here.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

from fra_plugin.checkpoints.official_release import official_to_plugin
from fra_plugin.models import FRA

NUMBERS = Path(__file__).with_name('official_case_a.json')
CONFIG = Path(__file__).resolve().parents[2] / 'configs/fra/fra_r50_8xb64.py'


def draw(key: str, shape: list, seed: int) -> torch.Tensor:
    """The reference's weight of an official name."""
    last = key.split('.')[-1]
    if last in ('running_mean', 'center'):
        return torch.zeros(shape, dtype=torch.float64)
    if last == 'running_var':
        return torch.ones(shape, dtype=torch.float64)
    if last == 'num_batches_tracked':
        return torch.zeros(shape, dtype=torch.long)
    value = np.random.default_rng([seed, zlib.crc32(key.encode())]).standard_normal(shape)
    if last == 'proto' or 'query_embed' in key:
        pass
    elif last in ('bias', 'in_proj_bias'):
        value = 0.05 * value
    elif len(shape) == 1:
        value = 1 + 0.1 * value
    else:
        value = value * np.sqrt(2 / np.prod(shape[1:]))
    return torch.from_numpy(value)


class Case:
    """A model with the reference's weights, its inputs and its numbers."""

    def __init__(self, device: str = 'cpu') -> None:
        self.want = json.loads(NUMBERS.read_text())
        c = self.config = self.want['config']
        depth = int(''.join(filter(str.isdigit, c['backbone'].split('_')[0])))
        self.official = {k: draw(k, shape, c['seed']) for k, shape in self.want['param_shapes'].items()}
        self.model = FRA(
            base_momentum=1 - c['m'],
            backbone=dict(type='ResNet', depth=depth, zero_init_residual=False),
            neck=dict(
                type='FRANeck', in_channels=2048 if depth >= 50 else 512, hid_channels=c['hid'],
                out_channels=c['dim'], norm_cfg=dict(type='BN'),
                heatmap_head=dict(
                    type='RegionHeatmapHead', num_regions=c['num_regions'], dropout=0.0, temperature=c['scale'])),
            head=dict(
                type='FRAHead', hid_channels=c['hid'], global_weight=c['loss_weight'], norm_cfg=dict(type='BN'),
                consistency_loss=dict(type='SemanticConsistencyLoss', decorrelation_weight=c['loss_w_decorr']),
                relation_loss=dict(
                    type='SemanticRelationLoss', student_temp=c['student_temp'], teacher_temp=c['teacher_temp'],
                    loss_weight=c['loss_w_cluster'])))  # yapf: disable
        self.model.double().train().load_state_dict(official_to_plugin(self.official), strict=True)
        self.model.to(device)
        rng = np.random.default_rng([c['seed'], 777])
        shape = (c['batch'], 3, c['size'], c['size'])
        self.views = [torch.from_numpy(rng.standard_normal(shape)).to(device) for _ in range(2)]

    def official_names(self) -> dict:
        """Official name -> this model's name, by sending a marked tensor of the right shape through the converter."""
        marked = {k: torch.full(tuple(v.shape), i, dtype=torch.float64)
                  for i, (k, v) in enumerate(self.official.items())}  # yapf: disable
        keys = list(marked)
        return {keys[int(v.flatten()[0])]: k for k, v in official_to_plugin(marked).items()}

    def optimizer(self) -> torch.optim.Optimizer:
        """That of the main config, with the case's learning rate and weight decay."""
        init_default_scope('mmpretrain')
        cfg = Config.fromfile(CONFIG).optim_wrapper
        cfg.optimizer.update(lr=self.config['lr'], weight_decay=self.config['wd'])
        cfg.type = 'OptimWrapper'  # without mixed precision
        del cfg['loss_scale']
        return build_optim_wrapper(self.model, cfg).optimizer
