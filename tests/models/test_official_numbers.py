"""The numbers of the official implementation: loss, gradients, a LARS and an EMA step, inference.

The reference holds numbers only; weights and inputs are drawn by a rule that its README tells. It is looked for in
FRA_REFERENCE or beside the repository.
"""

import json
import os
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from fra_plugin.checkpoints.official_release import official_to_plugin
from fra_plugin.engine import ForeachLARS
from fra_plugin.models import FRA

FOLDER = Path(os.environ.get('FRA_REFERENCE', Path(__file__).resolve().parents[3] / 'shared' / 'reference'))
CASES = sorted(FOLDER.glob('official_case_*.json'))
pytestmark = pytest.mark.skipif(not CASES, reason=f'no reference numbers under {FOLDER} (set FRA_REFERENCE)')


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

    def __init__(self, path: Path) -> None:
        self.want = json.loads(path.read_text())
        c = self.config = self.want['config']
        depth = int(''.join(filter(str.isdigit, c['backbone'].split('_')[0])))
        self.official = {k: draw(k, shape, c['seed']) for k, shape in self.want['param_shapes'].items()}
        # Names of this model's tensors: send each official name through the converter, as a tensor of the right shape.
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
        rng = np.random.default_rng([c['seed'], 777])
        shape = (c['batch'], 3, c['size'], c['size'])
        self.views = [torch.from_numpy(rng.standard_normal(shape)) for _ in range(2)]

    def official_names(self) -> dict:
        """Official name -> this model's name."""
        marked = {k: torch.full(tuple(v.shape), i, dtype=torch.float64)
                  for i, (k, v) in enumerate(self.official.items())}  # yapf: disable
        keys = list(marked)
        return {keys[int(v.flatten()[0])]: k for k, v in official_to_plugin(marked).items()}

    def optimizer(self) -> ForeachLARS:
        """The official optimizer leaves out what has "bn", "downsample.1" or "bias" in its official name."""
        params = dict(self.model.named_parameters())
        plain, scaled = [], []
        for official, name in self.official_names().items():
            if name in params and params[name].requires_grad:
                left_out = any(word in official for word in ('bn', 'downsample.1', 'bias'))
                (plain if left_out else scaled).append(params[name])
        return ForeachLARS([dict(params=plain, exclude='all'), dict(params=scaled, exclude='none')],
                           lr=self.config['lr'], weight_decay=self.config['wd'])  # yapf: disable


def agree(tensor: torch.Tensor, summary: dict, name: str) -> None:
    """L2 norm, first values and sum agree to 1e-6 of the norm."""
    tensor = tensor.detach().flatten()
    tolerance = 1e-6 * summary['norm'] + 1e-12
    assert abs(tensor.norm().item() - summary['norm']) <= tolerance, name
    assert abs(tensor.sum().item() - summary['sum']) <= tolerance * max(1, tensor.numel()) ** 0.5, name
    head = torch.tensor(summary['head'], dtype=torch.float64)
    assert (tensor[: len(head)] - head).abs().max() <= tolerance, name
    if 'first_image' in summary:
        first = torch.tensor(summary['first_image'], dtype=torch.float64)
        assert (tensor[: len(first)] - first).abs().max() <= tolerance, name


@pytest.fixture(params=CASES, ids=[case.stem for case in CASES])
def case(request):
    return Case(request.param)


def check_losses(losses: dict, case: Case, total: float, parts: dict) -> None:
    got = {k: v.item() for k, v in losses.items() if 'loss' in k}
    assert sum(got.values()) == pytest.approx(total, rel=1e-6)
    assert got['loss_global'] == pytest.approx(parts['inst'], rel=1e-6)
    assert got['loss_region'] == pytest.approx(parts['obj'], rel=1e-6)
    assert got['loss_relation'] == pytest.approx(case.config['loss_w_cluster'] * parts['clu'], rel=1e-6)


def test_two_training_steps_are_the_official_ones(case):
    model, want, names = case.model, case.want, case.official_names()
    optimizer = case.optimizer()
    losses = model(case.views, mode='loss')
    check_losses(losses, case, want['loss'], want['parts'])
    for network, key in (('neck', 'online'), ('target.neck', 'target')):
        prototype = model.get_submodule(network).heatmap_head.prototype
        agree(prototype, want['prototype_after_forward'][key], f'{key} prototype')

    sum(v for k, v in losses.items() if 'loss' in k).backward()
    params = dict(model.named_parameters())
    for official, summary in want['grads'].items():
        agree(params[names[official]].grad, summary, f'gradient of {official}')
    assert all(p.grad is None for p in model.target.parameters())

    optimizer.step()
    model.update_target(case.config['cur_iter'], case.config['max_iter'])
    state = model.state_dict()
    for official, summary in want['online_after_step'].items():
        agree(state[names[official]], summary, f'{official} after the step')
    for official, summary in want['target_after_step'].items():
        agree(state[names[f'target_net.{official}']], summary, f'target {official} after the step')

    check_losses(model(case.views, mode='loss'), case, want['loss_second_iter'], want['parts_second_iter'])


def test_embeddings_and_heatmap_logits_are_the_official_ones(case):
    model, want = case.model, case.want
    for network, backbone, neck in (
        ('online', model.backbone, model.neck),
        ('target', model.target.backbone, model.target.neck),
    ):
        for view, image in enumerate(case.views, start=1):
            key = f'{network}_v{view}'
            out = neck(backbone(image))
            agree(out.global_embed, want['global_embedding'][key], f'global embedding {key}')
            agree(out.region_embed.transpose(1, 2), want['region_embedding'][key], f'region embedding {key}')
            agree(out.region_logits, want['heatmap_logits'][key], f'heatmap logits {key}')
            agree(
                neck.heatmap_head.masks(out.region_logits),
                want['heatmap_logits'][key]['region_probs_norm'],
                f'masks {key}',
            )


def test_inference_after_training_is_the_official_one(case):
    # The reference takes it from the model as it is after the second iteration.
    model, want = case.model, case.want
    optimizer = case.optimizer()
    sum(v for k, v in model(case.views, mode='loss').items() if 'loss' in k).backward()
    optimizer.step()
    model.update_target(case.config['cur_iter'], case.config['max_iter'])
    model(case.views, mode='loss')
    for mode in (model.eval, model.train):
        mode()
        agree(model.heatmaps(case.views[0], logits=True), want['inference_heatmap_logits_v1'], 'inference heatmaps')
    model.eval()
    agree(model(case.views[0], mode='tensor')[-1].mean(dim=(2, 3)), want['inference_features'], 'inference features')
