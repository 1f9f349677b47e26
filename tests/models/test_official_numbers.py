"""The numbers of the official implementation: loss, gradients, a LARS and an EMA step, inference.

The optimizer is the one of configs/fra/fra_r50_8xb64.py.
"""

import pytest
import torch
from official_case import Case

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
# README.md names the first; 2e-15 was measured. On an H100 it was 9e-12, and 3e-10 after a step.
TOLERANCE = dict(cpu=1e-12, cuda=1e-8)


def agree(tensor: torch.Tensor, summary: dict, name: str) -> None:
    """L2 norm, first values and sum agree, measured by the norm."""
    tolerance = TOLERANCE[tensor.device.type] * (summary['norm'] + 1e-3)  # some gradients are zero but for rounding
    tensor = tensor.detach().flatten().cpu()
    assert abs(tensor.norm().item() - summary['norm']) <= tolerance, name
    assert abs(tensor.sum().item() - summary['sum']) <= tolerance * max(1, tensor.numel()) ** 0.5, name
    head = torch.tensor(summary['head'], dtype=torch.float64)
    assert (tensor[: len(head)] - head).abs().max() <= tolerance, name
    if 'first_image' in summary:
        first = torch.tensor(summary['first_image'], dtype=torch.float64)
        assert (tensor[: len(first)] - first).abs().max() <= tolerance, name


@pytest.fixture(params=['cpu', pytest.param('cuda', marks=needs_gpu)])
def case(request):
    return Case(request.param)


def check_losses(losses: dict, case: Case, total: float, parts: dict) -> None:
    got = {k: v.item() for k, v in losses.items() if 'loss' in k}
    tolerance = TOLERANCE[losses['loss_global'].device.type]
    assert sum(got.values()) == pytest.approx(total, rel=tolerance)
    assert got['loss_global'] == pytest.approx(parts['inst'], rel=tolerance)
    assert got['loss_region'] == pytest.approx(parts['obj'], rel=tolerance)
    assert got['loss_relation'] == pytest.approx(case.config['loss_w_cluster'] * parts['clu'], rel=tolerance)


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
