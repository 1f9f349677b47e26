"""FRA as a whole: losses, gradients, the target network, heatmaps, building errors."""

import copy
import math

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from tiny_fra import tiny_fra, total_loss

from fra_plugin.models import FRA
from fra_plugin.models.full_precision import full_precision


def test_the_three_losses_add_up_to_the_total(model, views):
    losses = model(views, mode='loss')
    assert set(losses) == {'loss_global', 'loss_region', 'loss_relation'}
    total, log_vars = model.parse_losses(losses)
    assert total.item() == pytest.approx(total_loss(losses).item())


def test_every_online_parameter_gets_a_finite_gradient_and_the_target_none(model, views):
    # Away from the start, where the first self-attention's values, all zero, stop some gradients.
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    total_loss(model(views, mode='loss')).backward()
    for name, parameter in model.named_parameters():
        if name.startswith('target.'):
            assert parameter.grad is None, name
        else:
            assert parameter.grad is not None and parameter.grad.isfinite().all(), name
            assert parameter.grad.abs().max() > 0, name


def test_swapping_the_views_keeps_the_losses(model, views):
    swapped = copy.deepcopy(model)
    losses, other = model(views, mode='loss'), swapped(views[::-1], mode='loss')
    for name in ('loss_global', 'loss_region', 'loss_relation'):
        assert losses[name].item() == pytest.approx(other[name].item(), rel=1e-12)


def test_permuting_the_regions_changes_no_loss(model, views):
    other = copy.deepcopy(model)
    order = torch.tensor([2, 0, 3, 1])
    for head in (other.neck.heatmap_head, other.target.neck.heatmap_head):
        head.region_queries.data = head.region_queries.data[order]
    assert total_loss(model(views, mode='loss')).item() == pytest.approx(
        total_loss(other(views, mode='loss')).item(), rel=1e-9
    )


def test_target_starts_as_a_copy_and_follows_the_cosine_schedule(model):
    for online, target in zip([*model.backbone.parameters(), *model.neck.parameters()], model.target.parameters()):
        assert torch.equal(online, target)
    assert torch.equal(model.neck.heatmap_head.prototype, model.target.neck.heatmap_head.prototype)

    start = model.target.backbone.conv1.weight.clone()
    model.backbone.conv1.weight.data += 1
    online, want = model.backbone.conv1.weight, start
    for step in range(4):
        model.update_target(step, max_steps=4)
        keep = 1 - 0.004 * (math.cos(math.pi * step / 4) + 1) / 2
        want = keep * want + (1 - keep) * online
        torch.testing.assert_close(model.target.backbone.conv1.weight, want, rtol=1e-12, atol=1e-12)


def test_target_keeps_its_own_statistics_and_prototype(model, views):
    model(views, mode='loss')
    model.neck.heatmap_head.prototype += 1
    model.backbone.bn1.running_mean += 1
    before = {k: v.clone() for k, v in model.target.state_dict().items() if 'running' in k or 'prototype' in k}
    model.update_target(0, max_steps=10)
    after = model.target.state_dict()
    assert before and all(torch.equal(v, after[k]) for k, v in before.items())


@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_weights_of_an_encoder_alone_are_the_targets_too(model, prefix):
    state = {name: torch.randn_like(value) if value.is_floating_point() else value
             for name, value in model.state_dict().items()}  # yapf: disable
    encoder = {f'{prefix}{name}': value for name, value in state.items() if name.startswith(('backbone.', 'neck.'))}
    holder = torch.nn.ModuleDict(dict(module=model)) if prefix else model
    missing, surplus = holder.load_state_dict(encoder, strict=False)
    assert not surplus and missing and all(name.startswith(f'{prefix}head.') for name in missing)
    after = model.state_dict()
    online = [name for name in after if name.startswith(('backbone.', 'neck.'))]
    assert all(torch.equal(after[f'target.{name}'], state[name]) for name in online)
    model.load_state_dict(state)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


def test_update_target_needs_the_number_of_steps_outside_of_a_runner(model):
    with pytest.raises(ValueError, match='max_steps'):
        model.update_target(0)


def test_a_target_that_nobody_moves_is_noticed(model, views, monkeypatch):
    said = []
    monkeypatch.setattr('fra_plugin.models.fra.print_log', lambda text, *_: said.append(text))
    model._losses_since_update = 98
    model(views, mode='loss')
    assert not said
    model(views, mode='loss')
    assert len(said) == 1 and 'MomentumUpdateHook' in said[0]
    model.update_target(0, max_steps=10)
    assert model._losses_since_update == 0


def test_heatmaps_are_the_same_alone_in_a_batch_and_in_both_modes(model, views):
    model(views, mode='loss')
    state = copy.deepcopy(model.state_dict())
    batch = model.eval().heatmaps(views[0])
    assert batch.shape == (4, 4, 4, 4)
    torch.testing.assert_close(model.train().heatmaps(views[0][:1]), batch[:1])
    assert model.training and model.neck.training
    assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())
    torch.testing.assert_close(batch.sum(dim=1), torch.full((4, 4, 4), 1 + 4e-7, dtype=torch.float64))
    logits = model.heatmaps(views[0], logits=True)
    assert logits.abs().max() <= 1
    torch.testing.assert_close(logits.softmax(dim=1) + 1e-7, batch)


def test_heatmaps_leave_frozen_parts_in_evaluation_mode(model, views):
    model.train()
    model.backbone.layer1.eval()
    model.heatmaps(views[0])
    assert model.training and model.backbone.layer2.training and not model.backbone.layer1.training
    assert not any(part.training for part in model.backbone.layer1.modules())


@pytest.mark.parametrize('mode', ['blank', 'one image', 'one region'])
def test_degenerate_input_gives_finite_losses_and_gradients(views, mode):
    model = tiny_fra(num_regions=1 if mode == 'one region' else 4)
    if mode == 'blank':
        views = [torch.zeros_like(v) for v in views]
    if mode == 'one image':
        model, views = tiny_fra(norm='GN'), [v[:1] for v in views]
    losses = model(views, mode='loss')
    total_loss(losses).backward()
    assert all(v.isfinite().all() for v in losses.values())
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


def test_autocast_gives_nearly_the_float32_losses(views):
    model = tiny_fra(dtype=torch.float32)
    views = [v.float() for v in views]
    plain = copy.deepcopy(model)(views, mode='loss')
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model(views, mode='loss')
    for name, value in plain.items():
        assert losses[name].dtype == torch.float32
        assert losses[name].item() == pytest.approx(value.item(), abs=0.05)
    total_loss(losses).backward()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


def test_tensor_mode_gives_the_backbone_features(model, views):
    torch.testing.assert_close(model.eval()(views[0], mode='tensor')[-1], model.backbone(views[0])[-1])


@pytest.mark.parametrize('backbone, channels', [
    (dict(type='ResNet', depth=18), 512),
    (dict(type='ResNet', depth=50, base_channels=8, stem_channels=8), 256),
    (dict(type='ConvNeXt', arch='atto', gap_before_final_norm=False), 320),
    (dict(type='SwinTransformer', arch=dict(embed_dims=24, depths=[1, 1, 1, 1], num_heads=[1, 2, 4, 8]),
          pad_small_map=True), 192),
    (dict(type='VisionTransformer', out_type='featmap', img_size=64, patch_size=16, with_cls_token=False,
          arch=dict(embed_dims=48, num_layers=1, num_heads=4, feedforward_channels=96)), 48),
])  # yapf: disable
def test_any_backbone_with_a_feature_map_trains(backbone, channels):
    def build(channels):
        return MODELS.build(dict(
            type='FRA', backbone=backbone,
            neck=dict(type='FRANeck', in_channels=channels, hid_channels=16, out_channels=16, norm_cfg=dict(type='BN'),
                      heatmap_head=dict(type='RegionHeatmapHead', num_regions=3, num_heads=4)),
            head=dict(type='FRAHead', hid_channels=16, norm_cfg=dict(type='BN'))))  # yapf: disable

    model = build(channels)
    losses = model([torch.randn(2, 3, 64, 64), torch.randn(2, 3, 64, 64)], mode='loss')
    total_loss(losses).backward()
    assert all(p.grad is not None for p in model.backbone.parameters())
    with pytest.raises(ValueError, match=f'in_channels=7, but .* {channels} channels'):
        build(7)


@pytest.mark.parametrize(
    'backbone',
    [
        dict(type='ConvNeXt', arch='atto'),
        dict(type='VisionTransformer', img_size=32, arch='deit-tiny', out_type='cls_token'),
    ],
)
def test_a_backbone_without_a_feature_map_is_refused_with_the_way_out(backbone):
    with pytest.raises(ValueError, match='must give a feature map .* set out_type="featmap"'):
        FRA(backbone=backbone, neck=dict(type='FRANeck', in_channels=8), head=dict(type='FRAHead'))


def test_wrong_views_and_momentum_are_refused(model, views):
    for wrong in (views[0], views[:1]):
        with pytest.raises(ValueError, match='two views'):
            model(wrong, mode='loss')
    with pytest.raises(ValueError, match='base_momentum'):
        FRA(backbone=None, neck=None, head=None, base_momentum=1.5)


def test_the_other_view_teaches_where_it_is_known_where_the_views_were_cut(model, views):
    relation, given = dict.fromkeys((False, True)), {}
    for cross in relation:
        model.head.cross_view = cross
        copied = copy.deepcopy(model)
        copied.head.relation_loss.register_forward_pre_hook(lambda _, args, cross=cross: given.update({cross: args}))
        relation[cross] = copied(views, located(views), mode='loss')['loss_relation']
    student, teacher, *no_boxes = given[False]
    assert not any(box is not None for box in no_boxes) and not torch.equal(*teacher)
    boxes = torch.tensor([sample.view_boxes for sample in located(views)]).transpose(0, 1)
    expected = model.head.relation_loss(student, teacher.flip(0), boxes, boxes.flip(0))
    assert torch.equal(given[True][0], student) and torch.equal(given[True][1], teacher.flip(0))
    assert relation[True].item() == pytest.approx(expected.item())
    assert relation[False].item() == pytest.approx(model.head.relation_loss(student, teacher).item())
    with pytest.raises(ValueError, match='LocatedMultiView'):
        model(views, mode='loss')


def located(views):
    return [DataSample(metainfo=dict(view_boxes=[(0, 0, 60, 60), (50, 5, -40, 50)])) for _ in views[0]]


def test_a_device_without_autocast_needs_none_switched_off():
    """As mps in torch 2.1; torch refuses autocast for the device 'meta' too."""
    with pytest.raises(RuntimeError):
        torch.autocast('meta', enabled=False)
    half = full_precision(lambda x: x * 2)(torch.zeros(3, dtype=torch.float16, device='meta'))
    assert half.dtype == torch.float32 and half.device.type == 'meta'
